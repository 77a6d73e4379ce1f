import { compilePattern } from '../../../kernel/pattern.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import { type Encoding, isLossy } from '../exact-text.ts'
import { type Field, type FieldOptions, FieldWriter } from './field-writer.ts'
import type { Format, OnMisfit } from './format.ts'
import { writeMisfit } from './raw.ts'

export interface RegexOptions extends FieldOptions {
  readonly pattern: string
  readonly flags?: string
  /** The fields of groups whose names are not theirs. Of several groups with text for one field the first counts. */
  readonly fields?: ReadonlyMap<string, string>
}

/**
 * The named groups of a pattern become fields; a group that took no part in the match is left out. The pattern may
 * match anywhere in the line, so anchor it. Lines are matched as text; a line that is not UTF-8 is matched byte by byte
 * (as latin1), and so its bytes survive in the fields.
 */
export class RegexFormat implements Format {
  readonly timeMs = Number.NaN
  readonly #regex: RegExp
  readonly #onMisfit: OnMisfit
  readonly #writer: FieldWriter
  readonly #fields = new Map<string, Field>()
  readonly #sharesFields: boolean
  readonly #written = new Set<string>()

  /** The pattern must have passed `checkFormat`. */
  constructor({ pattern, flags = '', fields, ...options }: RegexOptions, onMisfit: OnMisfit) {
    const compiled = compilePattern(pattern, flags)
    if ('reason' in compiled) throw new Error(compiled.reason)
    this.#regex = compiled.regex
    this.#writer = new FieldWriter(options)
    this.#onMisfit = onMisfit
    for (const [group, name] of fields ?? []) this.#fields.set(group, this.#writer.field(name))
    this.#sharesFields = new Set(fields?.values()).size < (fields?.size ?? 0)
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
    const writer = this.#writer
    this.#written.clear()
    writer.begin()
    for (const name in groups) {
      const text = groups[name]
      if (text === undefined) continue
      const field = this.#field(name)
      if (this.#sharesFields && this.#isWritten(field.name)) continue
      writer.writeText(field, text, encoding, out)
    }
    writer.end(out)
    return false
  }

  #isWritten(name: string): boolean {
    if (this.#written.has(name)) return true
    this.#written.add(name)
    return false
  }

  #field(name: string): Field {
    let field = this.#fields.get(name)
    if (field === undefined) this.#fields.set(name, (field = this.#writer.field(name)))
    return field
  }
}
