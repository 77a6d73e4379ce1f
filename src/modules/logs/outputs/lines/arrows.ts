import { hasEscape, readString } from '../../../../wire/json/value.ts'
import type { ByteWriter } from '../../../../wire/json/writer.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const ARROW = Buffer.from('=>')
const SEPARATOR = Buffer.from(', ')
const NIL = Buffer.from('nil')

/**
 * A JSON text as Fluent Bit prints records for people: `{"a"=>1, "b"=>[true, nil]}`. What is escaped in a string stands
 * there as itself, line ends and quotes too: this is for reading, and cannot always be read back.
 */
export function writeArrows(bytes: Buffer, start: number, end: number, out: ByteWriter): void {
  for (let at = start; at < end; ) {
    const byte = bytes[at]
    const behind = byte === QUOTE ? endOfString(bytes, at, end) : endOfWord(bytes, at, end)
    if (byte === QUOTE) writeText(bytes, at, behind, out)
    else if (byte === 0x3a) out.copy(ARROW, 0, ARROW.length)
    else if (byte === 0x2c) out.copy(SEPARATOR, 0, SEPARATOR.length)
    else if (byte === 0x6e) out.copy(NIL, 0, NIL.length)
    else if (byte > 0x20) writeWord(bytes, at, behind, out)
    at = behind
  }
}

function writeText(bytes: Buffer, start: number, end: number, out: ByteWriter): void {
  if (!hasEscape(bytes, start, end)) {
    out.copy(bytes, start, end)
    return
  }
  const text = Buffer.from(readString(bytes, start, end))
  out.byte(QUOTE)
  out.copy(text, 0, text.length)
  out.byte(QUOTE)
}

/** Numbers with a point or an exponent have six digits behind the point. */
function writeWord(bytes: Buffer, start: number, end: number, out: ByteWriter): void {
  const word = bytes.toString('latin1', start, end)
  const number = /[.eE]/.test(word) ? Number(word) : Number.NaN
  const text = Buffer.from(Number.isFinite(number) && /^-?\d/.test(word) ? number.toFixed(6) : word)
  out.copy(text, 0, text.length)
}

function endOfString(bytes: Buffer, open: number, end: number): number {
  let at = open + 1
  while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return Math.min(at + 1, end)
}

/** Words are numbers, true, false and null; every other byte stands alone. */
function endOfWord(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && isWord(bytes[at])) at++
  return at === start ? start + 1 : at
}

function isWord(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  )
}
