import type { JsonRecord } from '../../../wire/json/record.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'

/** Makes records of lines. One instance serves one input; it keeps no state from line to line but `timeMs`. */
export interface Format {
  /**
   * Makes the record of the line `bytes[start, end)`, which has no line ending, and is empty only where an
   * input keeps such lines.
   * True: the record stands open in `record`, perhaps edited. False: its text was appended to `out`; nothing was when
   * the line is none of the records, such as a header.
   * `nowMs`: when the line was read; times without a year are taken to be near it.
   */
  read(bytes: Buffer, start: number, end: number, record: JsonRecord, out: ByteWriter, nowMs: number): boolean
  /** The line just read is a part of a longer one and goes on in the next one of its stream. */
  readonly isPart?: boolean
  /** Which of several streams in one file the line just read belongs to. */
  readonly stream?: string
  /** It makes of several lines, with line feeds between them, what it makes of one. */
  readonly readsWhole?: boolean
  /** What the line just read says of its time by the format itself; NaN when it says nothing. */
  readonly timeMs: number
}

/** Called for each line that does not fit the format. */
export type OnMisfit = () => void
