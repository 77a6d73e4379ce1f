import { Kind } from '../../../wire/json/bytes.ts'
import type { Slice } from '../batch.ts'
import { type MessageField, unescapeInto } from './message-field.ts'
import { countBytes, countRecords } from './selection.ts'

const lineFeed = 0x0a

/** The records as lines of JSON, byte for byte, a line feed behind each. */
export function ndjson(slices: readonly Slice[]): Buffer {
  const lines = Buffer.allocUnsafeSlow(countBytes(slices) + countRecords(slices))
  let at = 0
  for (const { frame, from, to } of slices) {
    const { bytes, starts, ends } = frame.batch
    for (let i = from; i < to; ) {
      // Records that stand as lines already go over in one copy.
      const start = starts[i]
      while (i + 1 < to && starts[i + 1] === ends[i] + 1 && bytes[ends[i]] === lineFeed) i++
      at += bytes.copy(lines, at, start, ends[i++])
      lines[at++] = lineFeed
    }
  }
  return lines
}

/** The text of one field of each record as it was before it became JSON, byte for byte; a record that lacks it whole, as JSON. */
export function rawLines(slices: readonly Slice[], field: MessageField): Buffer {
  const lines = Buffer.allocUnsafeSlow(countBytes(slices) + countRecords(slices))
  let at = 0
  for (const { frame, from, to } of slices) {
    const { bytes, starts, ends } = frame.batch
    for (let i = from; i < to; i++) {
      const value = field.find(bytes, starts[i], ends[i])
      if (value?.kind === Kind.string)
        at = unescapeInto(value.bytes, value.start + 1, value.end - 1, lines, at)
      else if (value) at += value.bytes.copy(lines, at, value.start, value.end)
      else at += bytes.copy(lines, at, starts[i], ends[i])
      lines[at++] = lineFeed
    }
  }
  return lines.subarray(0, at)
}
