import {
  BACKSLASH,
  COMMA,
  ESCAPED,
  hex4,
  LOWER_U,
  OPEN_BRACE,
  PLAIN,
  QUOTE,
} from '../../../wire/json/bytes.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import type { Format, OnMisfit } from './format.ts'
import { writeMisfit } from './raw.ts'

const EQUALS = 0x3d
const SPACE = 0x20
/** Up to so many names are compared one by one. */
const FEW = 32
const TRUE = Buffer.from('true')

/**
 * `level=info msg="a b" cached`: values are text, always, so that a field keeps one type; a name alone is true.
 * Of pairs with the same name the first one counts, because stores refuse records that name a field twice.
 */
export class LogfmtFormat implements Format {
  readonly timeMs = Number.NaN
  readonly #onMisfit: OnMisfit
  readonly #keys = new KeySet()

  constructor(onMisfit: OnMisfit) {
    this.#onMisfit = onMisfit
  }

  read(bytes: Buffer, start: number, end: number, _record: JsonRecord, out: ByteWriter): false {
    const begin = out.length
    this.#keys.clear()
    let pairs = 0
    out.byte(OPEN_BRACE)
    for (let at = skipBlanks(bytes, start, end); at < end; at = skipBlanks(bytes, at, end)) {
      const keyStart = at
      while (at < end && bytes[at] > SPACE && bytes[at] !== EQUALS && bytes[at] !== QUOTE) at++
      if (at === keyStart) return this.#misfit(bytes, start, end, 'expected a key', at, begin, out)
      const fresh = this.#keys.add(bytes, keyStart, at)
      const before = out.length
      if (this.#keys.size > 1) out.byte(COMMA)
      out.string(bytes, keyStart, at)
      out.byte(0x3a)
      if (at < end && bytes[at] === EQUALS) {
        pairs++
        at = writeValue(bytes, at + 1, end, out)
        if (at < 0) return this.#misfit(bytes, start, end, 'expected a closing quote', end, begin, out)
      } else {
        if (at < end && bytes[at] === QUOTE)
          return this.#misfit(bytes, start, end, 'expected "="', at, begin, out)
        out.copy(TRUE, 0, TRUE.length)
      }
      if (!fresh) out.length = before
    }
    if (pairs === 0) return this.#misfit(bytes, start, end, 'expected key=value', start, begin, out)
    out.byte(0x7d)
    return false
  }

  #misfit(
    bytes: Buffer,
    start: number,
    end: number,
    what: string,
    at: number,
    begin: number,
    out: ByteWriter,
  ): false {
    out.length = begin
    this.#onMisfit()
    return writeMisfit(bytes, start, end, `not logfmt: ${what} at byte ${at - start + 1}`, out)
  }
}

/** Writes the value that begins at `from`; the position behind it, or -1 when its quote is not closed. */
function writeValue(bytes: Buffer, from: number, end: number, out: ByteWriter): number {
  if (from < end && bytes[from] === QUOTE) return writeQuoted(bytes, from, end, out)
  let at = from
  while (at < end && bytes[at] > SPACE) at++
  out.string(bytes, from, at)
  return at
}

/** Text in quotes, from the opening one on: JSON's escapes are kept as they are, any other backslash is text. */
function writeQuoted(bytes: Buffer, open: number, end: number, out: ByteWriter): number {
  let at = open + 1
  while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  if (at >= end) return -1
  if (isJsonText(bytes, open + 1, at)) out.copy(bytes, open, at + 1)
  else out.string(bytes, open + 1, at)
  return at + 1
}

/** Whether `bytes[start, end)` may stand between the quotes of a JSON string as it is. */
function isJsonText(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (PLAIN[bytes[at]] === 1) continue
    if (bytes[at] !== BACKSLASH) return false
    const letter = bytes[++at]
    if (letter === LOWER_U) {
      if (end - at < 5 || hex4(bytes, at + 1) < 0) return false
      at += 4
    } else if (ESCAPED[letter] === 0) return false
  }
  return true
}

function skipBlanks(bytes: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && bytes[at] <= SPACE) at++
  return at
}

/** The names that a line has had. */
class KeySet {
  #spans = new Uint32Array(2 * FEW)
  #count = 0
  readonly #many = new Set<string>()

  get size(): number {
    return this.#count
  }

  clear(): void {
    if (this.#count > FEW) this.#many.clear()
    this.#count = 0
  }

  /** Remembers the name `bytes[start, end)`; false when it was there. */
  add(bytes: Buffer, start: number, end: number): boolean {
    const few = Math.min(this.#count, FEW)
    for (let i = 0; i < few; i++)
      if (equal(bytes, this.#spans[2 * i], this.#spans[2 * i + 1], start, end)) return false
    if (this.#count >= FEW) {
      // A line of thousands of names must not cost the square of them.
      const name = bytes.toString('latin1', start, end)
      if (this.#many.has(name)) return false
      this.#many.add(name)
    } else {
      this.#spans[2 * this.#count] = start
      this.#spans[2 * this.#count + 1] = end
    }
    this.#count++
    return true
  }
}

function equal(bytes: Buffer, oneStart: number, oneEnd: number, start: number, end: number): boolean {
  if (oneEnd - oneStart !== end - start) return false
  for (let i = 0; i < end - start; i++) if (bytes[oneStart + i] !== bytes[start + i]) return false
  return true
}
