import { ByteWriter } from '../../../../wire/json/writer.ts'
import type { Slice } from '../../batch.ts'
import { RecordView } from '../../template/template.ts'
import { ndjson } from '../ndjson.ts'
import { RecordJson } from '../record-json.ts'
import type { TimeField } from '../time-field-config.ts'
import { writeArrows } from './arrows.ts'

/** How records become text. */
export type LinesOf = (slices: readonly Slice[]) => Buffer

const LINE_FEED = 0x0a
const COMMA = 0x2c

/** One JSON object a line, with the time as its first field when it is wished. */
export function jsonLines(time: TimeField | undefined): LinesOf {
  if (time === undefined) return ndjson
  const json = new RecordJson(time)
  return slices =>
    written(slices, (view, out) => {
      json.write(view, out)
      out.byte(LINE_FEED)
    })
}

/** One JSON array of all records of a write, on a line. */
export function jsonArray(time: TimeField | undefined): LinesOf {
  const json = new RecordJson(time)
  return slices => {
    const inside = written(slices, (view, out) => {
      if (out.length > 0) out.byte(COMMA)
      json.write(view, out)
    })
    return Buffer.concat([Buffer.from('['), inside, Buffer.from(']\n')])
  }
}

/** `[0] tag: [[1767323045.678000000, {}], {"a"=>1, "b"=>"text"}]`, counted anew for each batch: for people. */
export const arrowLines: LinesOf = slices =>
  written(slices, ({ origin, timeMs, bytes, start, end }, out, index) =>
    writeArrowLine({ index, tag: origin.tag, timeMs, bytes, start, end }, out),
  )

/** One record for `writeArrowLine`: its JSON stands in `bytes` from `start` to `end`. */
export interface ArrowRecord {
  readonly index: number
  readonly tag: string
  readonly timeMs: number
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

export function writeArrowLine(
  { index, tag, timeMs, bytes, start, end }: ArrowRecord,
  out: ByteWriter,
): void {
  text(out, `[${index}] ${tag}: [[${secondsText(timeMs)}, {}], `)
  writeArrows(bytes, start, end, out)
  text(out, ']\n')
}

/** `tag: [1767323045.678000000, {"a":1}]` */
export const taggedLines: LinesOf = slices =>
  written(slices, ({ origin, timeMs, bytes, start, end }, out) => {
    text(out, `${origin.tag}: [${secondsText(timeMs)}, `)
    out.copy(bytes, start, end)
    text(out, ']\n')
  })

function written(
  slices: readonly Slice[],
  write: (view: RecordView, out: ByteWriter, index: number) => void,
): Buffer {
  const out = new ByteWriter(64 * 1024)
  const view = new RecordView()
  for (const { frame, from, to } of slices)
    for (let i = from; i < to; i++) write(view.at(frame.batch, i), out, i - from)
  return out.bytes.subarray(0, out.length)
}

/** Seconds with nine digits behind the point; exact, unlike a division of floating numbers. */
function secondsText(timeMs: number): string {
  const seconds = Math.floor(timeMs / 1000)
  const nanos = Math.round((timeMs - seconds * 1000) * 1e6)
  return `${seconds}.${String(nanos).padStart(9, '0')}`
}

function text(out: ByteWriter, value: string): void {
  const bytes = Buffer.from(value)
  out.copy(bytes, 0, bytes.length)
}
