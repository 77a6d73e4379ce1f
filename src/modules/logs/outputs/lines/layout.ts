import { ByteWriter } from '../../../../wire/json/writer.ts'
import type { Slice } from '../../batch.ts'
import { ndjson } from '../ndjson.ts'
import { writeArrows } from './arrows.ts'
import { type DateConfig, dateOpening, secondsText } from './date.ts'

/** How records become text. */
export type LinesOf = (slices: readonly Slice[]) => Buffer

const LINE_FEED = 0x0a
const CLOSE_BRACE = 0x7d
const COMMA = 0x2c

/** One JSON object a line, with the time as its first field when there is a `date`. */
export function jsonLines(date: DateConfig | undefined): LinesOf {
  if (date === undefined) return ndjson
  const write = dated(date)
  return each((out, bytes, start, end, timeMs) => {
    write(out, bytes, start, end, timeMs)
    out.byte(LINE_FEED)
  })
}

/** One JSON array of all records of a write, on a line. */
export function jsonArray(date: DateConfig | undefined): LinesOf {
  const write =
    date === undefined
      ? (out: ByteWriter, bytes: Buffer, start: number, end: number) => out.copy(bytes, start, end)
      : dated(date)
  return slices => {
    const out = new ByteWriter(64 * 1024)
    let before = '['
    for (const record of records(slices)) {
      out.byte(before.charCodeAt(0))
      write(out, record.bytes, record.start, record.end, record.timeMs)
      before = ','
    }
    text(out, before === '[' ? '[]\n' : ']\n')
    return out.bytes.subarray(0, out.length)
  }
}

/** `[0] tag: [[1767323045.678000000, {}], {"a"=>1, "b"=>"text"}]`, counted anew for each batch: for people. */
export const arrowLines: LinesOf = slices => {
  const out = new ByteWriter(64 * 1024)
  for (const { bytes, start, end, timeMs, tag, index } of records(slices)) {
    text(out, `[${index}] ${tag}: [[${secondsText(timeMs, 9)}, {}], `)
    writeArrows(bytes, start, end, out)
    text(out, ']\n')
  }
  return out.bytes.subarray(0, out.length)
}

/** `tag: [1767323045.678000000, {"a":1}]` */
export const taggedLines: LinesOf = slices => {
  const out = new ByteWriter(64 * 1024)
  for (const { bytes, start, end, timeMs, tag } of records(slices)) {
    text(out, `${tag}: [${secondsText(timeMs, 9)}, `)
    out.copy(bytes, start, end)
    text(out, ']\n')
  }
  return out.bytes.subarray(0, out.length)
}

function* records(slices: readonly Slice[]) {
  for (const { frame, from, to } of slices) {
    const { bytes, starts, ends, timesMs, origin } = frame.batch
    for (let i = from; i < to; i++)
      yield { bytes, start: starts[i], end: ends[i], timeMs: timesMs[i], tag: origin.tag, index: i - from }
  }
}

type WriteRecord = (out: ByteWriter, bytes: Buffer, start: number, end: number, timeMs: number) => void

function each(write: WriteRecord): LinesOf {
  return slices => {
    const out = new ByteWriter(64 * 1024)
    for (const { bytes, start, end, timeMs } of records(slices)) write(out, bytes, start, end, timeMs)
    return out.bytes.subarray(0, out.length)
  }
}

function dated(date: DateConfig): WriteRecord {
  const opening = dateOpening(date)
  return (out, bytes, start, end, timeMs) => {
    text(out, opening(timeMs))
    let at = start + 1
    while (at < end && bytes[at] <= 0x20) at++
    if (bytes[at] !== CLOSE_BRACE) out.byte(COMMA)
    out.copy(bytes, at, end)
  }
}

function text(out: ByteWriter, value: string): void {
  const bytes = Buffer.from(value)
  out.copy(bytes, 0, bytes.length)
}
