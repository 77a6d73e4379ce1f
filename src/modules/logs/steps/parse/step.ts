import { Kind } from '../../../../wire/json/bytes.ts'
import { type KeyPath, keyOf, keyPathOf } from '../../../../wire/json/path.ts'
import { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import { fieldPath } from '../../condition/field.ts'
import { isLossy } from '../../exact-text.ts'
import type { FormatConfig } from '../../formats/config.ts'
import { createFormat } from '../../formats/create.ts'
import { timeField } from '../../formats/time.ts'
import type { RecordMetrics } from '../../record-metrics.ts'
import { rawOf } from '../raw.ts'
import type { Step } from '../step.ts'
import type { ParseConfig } from './config.ts'

/** Reads the text of a field, by the first format that it fits. */
export function parseStep(config: ParseConfig, metrics: RecordMetrics, owner: string): Step {
  const { field, into, otherwise, choice, keepField, keepOthers } = config
  const path = keyPathOf(fieldPath(field))
  const target = into === undefined ? undefined : keyPathOf(fieldPath(into))
  const readers = [config, ...otherwise].map(format => new Reader(format))
  const chosen = choice && new Choice(choice)
  const misfits = metrics.misfits.with(owner, config.format)
  const value = new ValueSpan()
  const empty = Buffer.from('{}')
  return (record, event) => {
    const preferred = chosen?.take(record)
    if (!record.locate(path, value) || value.kind === Kind.object || value.kind === Kind.array) return true
    const text = textOf(value)
    if (text.length === 0) return true
    const reader = (preferred ?? readers).find(one => one.read(text, event.readAtMs))
    if (reader === undefined) {
      misfits.inc()
      return true
    }
    if (!Number.isNaN(reader.timeMs)) event.timeMs = reader.timeMs
    const original = keepField ? rawOf(value) : undefined
    if (!keepOthers) record.open(empty, 0, empty.length)
    else if (original === undefined) record.remove(path)
    if (!keepOthers && original !== undefined) record.set(path, original)
    if (target === undefined) takeOver(reader.result, record)
    else setObject(reader.result, record, target)
    return true
  }
}

/** The bytes of a text, unescaped; those that are not UTF-8 stay as they are. */
function textOf(value: ValueSpan): Buffer {
  const text = value.asText()
  return isLossy(text, value.bytes, value.start, value.end)
    ? Buffer.from(value.asText('latin1'), 'latin1')
    : Buffer.from(text)
}

function takeOver(from: JsonRecord, record: JsonRecord): void {
  const value = new ValueSpan()
  for (let member = 0; member < from.count; member++) {
    const name = from.nameAt(member)
    if (name !== undefined) record.set([keyOf(name)], rawOf(from.valueAt(member, value)))
  }
}

function setObject(from: JsonRecord, record: JsonRecord, target: KeyPath): void {
  const out = new ByteWriter(256)
  from.writeTo(out)
  record.set(target, out.bytes.subarray(0, out.length))
}

/** The format that a field names. Readers are made when they are first named: there may be many. */
class Choice {
  readonly #path: KeyPath
  readonly #formats: ReadonlyMap<string, FormatConfig>
  readonly #keepField: boolean
  readonly #readers = new Map<string, readonly [Reader]>()
  readonly #value = new ValueSpan()

  constructor({ field, formats, keepField }: NonNullable<ParseConfig['choice']>) {
    this.#path = keyPathOf(fieldPath(field))
    this.#formats = new Map(Object.entries(formats))
    this.#keepField = keepField
  }

  /** `undefined` when the record chooses nothing that is known. */
  take(record: JsonRecord): readonly Reader[] | undefined {
    if (!record.locate(this.#path, this.#value)) return undefined
    const name = this.#value.asText()
    if (!this.#keepField) record.remove(this.#path)
    const format = this.#formats.get(name)
    if (format === undefined) return undefined
    let reader = this.#readers.get(name)
    if (reader === undefined) this.#readers.set(name, (reader = [new Reader(format)]))
    return reader
  }
}

/** One format, and what it last made of a text. */
class Reader {
  readonly result = new JsonRecord()
  timeMs = Number.NaN
  readonly #format
  readonly #time: ReturnType<typeof timeField>
  readonly #out = new ByteWriter(1024)
  #fits = true

  constructor(config: FormatConfig) {
    this.#format = createFormat(config, () => {
      this.#fits = false
    })
    this.#time = timeField(config.time)
  }

  /** Whether the text fits the format. */
  read(text: Buffer, nowMs: number): boolean {
    this.#fits = true
    this.#out.length = 0
    const isText = this.#format.read(text, 0, text.length, this.result, this.#out, nowMs)
    if (!this.#fits || (!isText && this.#out.length === 0)) return false
    if (!isText) this.result.open(this.#out.bytes, 0, this.#out.length)
    this.timeMs = this.#time === undefined ? this.#format.timeMs : this.#time.take(this.result, nowMs)
    return true
  }
}
