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
import { type FieldOptions, type FieldType, writeValue } from './field-writer.ts'
import type { Format, OnMisfit } from './format.ts'
import { KeySet } from './key-set.ts'
import { writeMisfit } from './raw.ts'

const EQUALS = 0x3d
const SPACE = 0x20
const TRUE = Buffer.from('true')

/**
 * `level=info msg="a b" cached`: values are text unless `types` says another type, so that a field keeps one type;
 * a name alone is true, or makes the line a misfit where `bareKeys` is false.
 * Of pairs with the same name the first one counts, because stores refuse records that name a field twice.
 */
export class LogfmtFormat implements Format {
  readonly timeMs = Number.NaN
  readonly #onMisfit: OnMisfit
  readonly #keys = new KeySet()
  readonly #types: ReadonlyMap<string, FieldType>
  readonly #skipEmpty: boolean
  readonly #bareKeys: boolean

  constructor(
    { types = {}, skipEmpty = false, bareKeys = true }: FieldOptions & { bareKeys?: boolean | undefined },
    onMisfit: OnMisfit,
  ) {
    this.#types = new Map(Object.entries(types))
    this.#skipEmpty = skipEmpty
    this.#bareKeys = bareKeys
    this.#onMisfit = onMisfit
  }

  read(bytes: Buffer, start: number, end: number, _record: JsonRecord, out: ByteWriter): false {
    const begin = out.length
    this.#keys.clear()
    let pairs = 0
    let written = 0
    out.byte(OPEN_BRACE)
    for (let at = skipBlanks(bytes, start, end); at < end; at = skipBlanks(bytes, at, end)) {
      const keyStart = at
      while (at < end && bytes[at] > SPACE && bytes[at] !== EQUALS && bytes[at] !== QUOTE) at++
      if (at === keyStart) return this.#misfit(bytes, start, end, 'expected a key', at, begin, out)
      const fresh = this.#keys.add(bytes, keyStart, at)
      const before = out.length
      if (written > 0) out.byte(COMMA)
      out.string(bytes, keyStart, at)
      out.byte(0x3a)
      let wanted = fresh
      if (at < end && bytes[at] === EQUALS) {
        pairs++
        const valueStart = ++at
        const type =
          this.#types.size === 0 ? undefined : this.#types.get(bytes.toString('utf8', keyStart, at - 1))
        at = writePairValue(type, bytes, at, end, out)
        if (at < 0) return this.#misfit(bytes, start, end, 'expected a closing quote', end, begin, out)
        if (this.#skipEmpty && isEmpty(bytes, valueStart, at)) wanted = false
      } else {
        if (at < end && bytes[at] === QUOTE)
          return this.#misfit(bytes, start, end, 'expected "="', at, begin, out)
        if (!this.#bareKeys) return this.#misfit(bytes, start, end, 'expected "="', at, begin, out)
        out.copy(TRUE, 0, TRUE.length)
      }
      if (wanted) written++
      else out.length = before
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
function writePairValue(
  type: FieldType | undefined,
  bytes: Buffer,
  from: number,
  end: number,
  out: ByteWriter,
): number {
  if (from < end && bytes[from] === QUOTE) return writeQuoted(type, bytes, from, end, out)
  let at = from
  while (at < end && bytes[at] > SPACE) at++
  writeValue(type ?? 'string', bytes, from, at, out)
  return at
}

/** Whether the value is nothing, or nothing between quotes. */
function isEmpty(bytes: Buffer, start: number, end: number): boolean {
  return end === start || (end === start + 2 && bytes[start] === QUOTE)
}

/** Text in quotes, from the opening one on: JSON's escapes are kept as they are, any other backslash is text. */
function writeQuoted(
  type: FieldType | undefined,
  bytes: Buffer,
  open: number,
  end: number,
  out: ByteWriter,
): number {
  let at = open + 1
  while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  if (at >= end) return -1
  if (type !== undefined && type !== 'string') writeValue(type, bytes, open + 1, at, out)
  else if (isJsonText(bytes, open + 1, at)) out.copy(bytes, open, at + 1)
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
