import { Kind } from '../../../wire/json/bytes.ts'
import { type Key, type KeyPath, keyOf, keyPathOf } from '../../../wire/json/path.ts'
import { JsonRecord } from '../../../wire/json/record.ts'
import { ValueSpan } from '../../../wire/json/value.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import { fieldPath } from '../condition/field.ts'
import { isLossy } from '../exact-text.ts'
import type { DecodeConfig } from './config.ts'
import { unescaped, unquotedMysql } from './escapes.ts'
import type { Format } from './format.ts'

/** A format whose records have texts with something in them: they are decoded, one field after the other. */
export class DecodingFormat implements Format {
  readonly #format: Format
  readonly #decoders: readonly FieldDecoder[]

  /** The configuration must have passed `checkFormat`. */
  constructor(format: Format, config: DecodeConfig) {
    this.#format = format
    const fields = new Map<string, DecodeConfig[number][]>()
    for (const item of config) fields.set(item.field, [...(fields.get(item.field) ?? []), item])
    this.#decoders = [...fields].map(([field, items]) => new FieldDecoder(keyPathOf(fieldPath(field)), items))
  }

  get timeMs(): number {
    return this.#format.timeMs
  }

  get isPart(): boolean {
    return this.#format.isPart === true
  }

  get stream(): string {
    return this.#format.stream ?? ''
  }

  get readsWhole(): boolean {
    return this.#format.readsWhole === true
  }

  read(
    bytes: Buffer,
    start: number,
    end: number,
    record: JsonRecord,
    out: ByteWriter,
    nowMs: number,
  ): boolean {
    const from = out.length
    if (!this.#format.read(bytes, start, end, record, out, nowMs)) {
      if (out.length === from) return false
      record.open(out.bytes, from, out.length)
    }
    for (const decoder of this.#decoders) decoder.decode(record)
    return true
  }
}

/** What is done with one field, in the order of the configuration. */
class FieldDecoder {
  readonly #path: KeyPath
  readonly #items: DecodeConfig
  readonly #value = new ValueSpan()
  readonly #merge = new Merge()

  constructor(path: KeyPath, items: DecodeConfig) {
    this.#path = path
    this.#items = items
  }

  decode(record: JsonRecord): void {
    for (const { as, merge, next } of this.#items) {
      const value = this.#value
      if (!record.locate(this.#path, value) || value.kind !== Kind.string) return
      const done = as === 'json' ? this.#decodeJson(record, merge) : this.#decodeText(record, as)
      if (next === 'never' || (next === 'if_failed' && done)) return
    }
  }

  #decodeJson(record: JsonRecord, merge: boolean): boolean {
    const text = exactText(this.#value)
    const bytes = Buffer.from(text.trim(), 'latin1')
    if (merge) return this.#merge.into(record, bytes)
    const raw = jsonContainer(bytes, this.#path.length)
    if (raw === undefined) return false
    return record.set(this.#path, raw)
  }

  #decodeText(record: JsonRecord, as: 'escaped' | 'escaped_utf8' | 'mysql_quoted'): boolean {
    const text = exactText(this.#value)
    const decoded = as === 'mysql_quoted' ? unquotedMysql(text) : unescaped(text, as === 'escaped_utf8')
    if (decoded === undefined) return false
    if (decoded === text) return true
    return record.rewrite(this.#path, scratch => scratch.text(decoded, 'latin1'))
  }
}

/** A string's bytes, one character each. */
function exactText(value: ValueSpan): string {
  const text = value.text()
  if (isLossy(text, value.bytes, value.start, value.end)) return value.text('latin1')
  return Buffer.from(text).toString('latin1')
}

/** The text when it is one JSON object or array that may stand `depth` levels deep. */
function jsonContainer(bytes: Buffer, depth: number): Buffer | undefined {
  const first = bytes[0]
  if (first !== 0x7b && first !== 0x5b) return undefined
  // The record verifies objects only, and counts the levels: the text is looked at where it will stand.
  const around = [Buffer.from('{"a":'.repeat(depth)), bytes, Buffer.from('}'.repeat(depth))]
  const wrapped = Buffer.concat(around)
  return new JsonRecord().open(wrapped, 0, wrapped.length) ? inOneLine(bytes) : undefined
}

/** Verified JSON has line ends between its values only, and a record none at all. */
function inOneLine(json: Buffer): Buffer {
  for (let at = 0; at < json.length; at++) if (json[at] === 0x0a || json[at] === 0x0d) json[at] = 0x20
  return json
}

/** Puts the members of an object that stood in a text among those of the record. */
class Merge {
  readonly #inner = new JsonRecord()
  readonly #value = new ValueSpan()

  into(record: JsonRecord, bytes: Buffer): boolean {
    const inner = this.#inner
    if (!inner.open(bytes, 0, bytes.length)) return false
    inOneLine(bytes)
    for (const key of namesOf(inner)) {
      const path = [key]
      if (!inner.locate(path, this.#value)) continue
      const { start, end } = this.#value
      record.set(path, this.#value.bytes.subarray(start, end))
    }
    return true
  }
}

function namesOf(record: JsonRecord): Key[] {
  return Array.from({ length: record.count }, (_, member) =>
    keyOf(
      JSON.parse(
        record.bytes.toString('utf8', record.keyStarts[member] - 1, record.keyEnds[member] + 1),
      ) as string,
    ),
  )
}
