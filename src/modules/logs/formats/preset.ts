import { compilePattern } from '../../../kernel/pattern.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import type { ParseTime } from '../../../wire/time/strptime.ts'
import { type Encoding, isLossy } from '../exact-text.ts'
import { type Field, type FieldType, FieldWriter } from './field-writer.ts'
import type { Format, OnMisfit } from './format.ts'
import { writeMisfit } from './raw.ts'

/** A kind of line that a regular expression reads, with its own time in the group `time`. */
export interface Preset {
  /** The log, for people: `an error line of nginx`. */
  readonly what: string
  readonly pattern: RegExp
  readonly types?: Readonly<Record<string, FieldType>>
  /** Words that a field's text stands for. */
  readonly words?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Reads the text in `time`; a line in which it is none does not fit. */
  readonly parseTime: ParseTime
}

export class PresetFormat implements Format {
  timeMs = Number.NaN
  readonly #preset: Preset
  readonly #regex: RegExp
  readonly #onMisfit: OnMisfit
  readonly #writer: FieldWriter
  readonly #fields = new Map<string, Field>()

  constructor(preset: Preset, onMisfit: OnMisfit) {
    const compiled = compilePattern(preset.pattern.source, preset.pattern.flags)
    if ('reason' in compiled) throw new Error(compiled.reason)
    this.#preset = preset
    this.#regex = compiled.regex
    this.#writer = new FieldWriter({ types: preset.types })
    this.#onMisfit = onMisfit
  }

  read(
    bytes: Buffer,
    start: number,
    end: number,
    _record: JsonRecord,
    out: ByteWriter,
    nowMs: number,
  ): false {
    let encoding: Encoding = 'utf8'
    let line = bytes.toString('utf8', start, end)
    if (isLossy(line, bytes, start, end)) {
      encoding = 'latin1'
      line = bytes.toString('latin1', start, end)
    }
    const groups = this.#regex.exec(line)?.groups
    this.timeMs = this.#timeOf(groups?.time, nowMs)
    if (groups === undefined || (groups.time !== undefined && Number.isNaN(this.timeMs))) {
      this.#onMisfit()
      return writeMisfit(bytes, start, end, `not ${this.#preset.what}`, out)
    }
    const writer = this.#writer
    writer.begin()
    for (const name in groups) {
      const text = groups[name]
      if (text === undefined) continue
      const word = this.#preset.words?.[name]?.[text] ?? text
      writer.writeText(this.#field(name), word, encoding, out)
    }
    writer.end(out)
    return false
  }

  #timeOf(text: string | undefined, nowMs: number): number {
    if (text === undefined) return Number.NaN
    const bytes = Buffer.from(text)
    return this.#preset.parseTime(bytes, 0, bytes.length, nowMs)
  }

  #field(name: string): Field {
    let field = this.#fields.get(name)
    if (field === undefined) this.#fields.set(name, (field = this.#writer.field(name)))
    return field
  }
}
