import { compilePattern } from '../../../kernel/pattern.ts'
import { COLON, COMMA, OPEN_BRACE } from '../../../wire/json/bytes.ts'
import { keyOf } from '../../../wire/json/path.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import { type Encoding, isLossy } from '../exact-text.ts'
import type { Format, OnMisfit } from './format.ts'
import { writeMisfit } from './raw.ts'

/**
 * The named groups of a pattern become fields with their text; a group that took no part in the match is left out.
 * The pattern may match anywhere in the line, so anchor it. Lines are matched as text; a line that is not UTF-8 is
 * matched byte by byte (as latin1), and so its bytes survive in the fields.
 */
export class RegexFormat implements Format {
  readonly timeMs = Number.NaN
  readonly #regex: RegExp
  readonly #onMisfit: OnMisfit
  readonly #keys = new Map<string, Buffer>()

  /** The pattern must have passed `checkFormat`. */
  constructor(pattern: string, onMisfit: OnMisfit) {
    const compiled = compilePattern(pattern)
    if ('reason' in compiled) throw new Error(compiled.reason)
    this.#regex = compiled.regex
    this.#onMisfit = onMisfit
  }

  read(bytes: Buffer, start: number, end: number, _record: JsonRecord, out: ByteWriter): false {
    let encoding: Encoding = 'utf8'
    let line = bytes.toString('utf8', start, end)
    if (isLossy(line, bytes, start, end)) {
      encoding = 'latin1'
      line = bytes.toString('latin1', start, end)
    }
    const groups = this.#regex.exec(line)?.groups
    if (groups === undefined) {
      this.#onMisfit()
      return writeMisfit(bytes, start, end, 'the pattern does not match', out)
    }
    let behind = OPEN_BRACE
    for (const name in groups) {
      const text = groups[name]
      if (text === undefined) continue
      const key = this.#key(name)
      out.byte(behind)
      out.copy(key, 0, key.length)
      out.byte(COLON)
      out.text(text, encoding)
      behind = COMMA
    }
    if (behind === OPEN_BRACE) out.byte(OPEN_BRACE)
    out.byte(0x7d)
    return false
  }

  #key(name: string): Buffer {
    let key = this.#keys.get(name)
    if (key === undefined) this.#keys.set(name, (key = keyOf(name).quoted))
    return key
  }
}
