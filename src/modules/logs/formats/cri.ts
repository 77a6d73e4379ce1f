import type { JsonRecord } from '../../../wire/json/record.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import { parseIso8601 } from '../../../wire/time/iso8601.ts'
import type { Format, OnMisfit } from './format.ts'
import { writeMisfit } from './raw.ts'

const SPACE = 0x20
const MESSAGE = Buffer.from('{"message":')
const TIME = Buffer.from(',"time":')
const STDOUT = Buffer.from(',"stream":"stdout"')
const STDERR = Buffer.from(',"stream":"stderr"')
const PARTIAL = Buffer.from(',"partial":true')

/**
 * What containerd and CRI-O write: `<RFC 3339 time> <stdout|stderr> <P|F> <message>` becomes message, stream and time.
 * P marks a part of a longer line: its record has `"partial": true`. Behind the P or F there may be tags, after a colon.
 */
export class CriFormat implements Format {
  timeMs = Number.NaN
  isPart = false
  stream = ''
  readonly #onMisfit: OnMisfit

  constructor(onMisfit: OnMisfit) {
    this.#onMisfit = onMisfit
  }

  read(bytes: Buffer, start: number, end: number, _record: JsonRecord, out: ByteWriter): false {
    this.timeMs = Number.NaN
    this.isPart = false
    this.stream = ''
    const timeEnd = wordEnd(bytes, start, end)
    const streamEnd = wordEnd(bytes, timeEnd + 1, end)
    const tagsEnd = wordEnd(bytes, streamEnd + 1, end)
    const stream = streamText(bytes, timeEnd + 1, streamEnd)
    const partial = partialTag(bytes, streamEnd + 1, tagsEnd)
    if (stream === undefined || partial === undefined) return this.#misfit(bytes, start, end, out)
    const timeMs = parseIso8601(bytes, start, timeEnd)
    if (Number.isNaN(timeMs)) return this.#misfit(bytes, start, end, out)
    this.timeMs = timeMs
    out.copy(MESSAGE, 0, MESSAGE.length)
    out.string(bytes, Math.min(tagsEnd + 1, end), end)
    out.copy(stream, 0, stream.length)
    out.copy(TIME, 0, TIME.length)
    out.string(bytes, start, timeEnd)
    this.stream = stream === STDERR ? 'stderr' : 'stdout'
    this.isPart = partial
    if (partial) out.copy(PARTIAL, 0, PARTIAL.length)
    out.byte(0x7d)
    return false
  }

  #misfit(bytes: Buffer, start: number, end: number, out: ByteWriter): false {
    this.#onMisfit()
    return writeMisfit(
      bytes,
      start,
      end,
      'not a CRI line: expected <time> <stdout|stderr> <P|F> <message>',
      out,
    )
  }
}

/** The position of the next space, or `end`. */
function wordEnd(bytes: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && bytes[at] !== SPACE) at++
  return Math.min(at, end)
}

function streamText(bytes: Buffer, start: number, end: number): Buffer | undefined {
  if (end - start !== 6) return undefined
  const name = bytes.toString('latin1', start, end)
  if (name === 'stdout') return STDOUT
  return name === 'stderr' ? STDERR : undefined
}

/** Whether the tag says P; undefined when it says neither P nor F. */
function partialTag(bytes: Buffer, start: number, end: number): boolean | undefined {
  if (start >= end || (end - start > 1 && bytes[start + 1] !== 0x3a)) return undefined
  if (bytes[start] === 0x50) return true
  return bytes[start] === 0x46 ? false : undefined
}
