import type { JsonRecord } from '../../../wire/json/record.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import type { Format } from './format.ts'

const MESSAGE = Buffer.from('{"message":')
const PARSE_ERROR = Buffer.from(',"parse_error":')
const LINE_SPLIT = Buffer.from(',"line_split":true}')
const CLOSE = 0x7d

/** The line is the field `message`. */
export class RawFormat implements Format {
  readonly timeMs = Number.NaN
  readonly readsWhole = true

  read(bytes: Buffer, start: number, end: number, _record: JsonRecord, out: ByteWriter): false {
    writeMessage(bytes, start, end, out)
    out.byte(CLOSE)
    return false
  }
}

/** The record of a line that does not fit its format: `{"message": <line>, "parse_error": <why>}`. */
export function writeMisfit(bytes: Buffer, start: number, end: number, why: string, out: ByteWriter): false {
  writeMessage(bytes, start, end, out)
  out.copy(PARSE_ERROR, 0, PARSE_ERROR.length)
  const text = Buffer.from(why)
  out.string(text, 0, text.length)
  out.byte(CLOSE)
  return false
}

/** The record of one piece of a line that was too long: `{"message": <piece>, "line_split": true}`. */
export function writePiece(bytes: Buffer, start: number, end: number, out: ByteWriter): void {
  writeMessage(bytes, start, end, out)
  out.copy(LINE_SPLIT, 0, LINE_SPLIT.length)
}

function writeMessage(bytes: Buffer, start: number, end: number, out: ByteWriter): void {
  out.copy(MESSAGE, 0, MESSAGE.length)
  out.string(bytes, start, end)
}
