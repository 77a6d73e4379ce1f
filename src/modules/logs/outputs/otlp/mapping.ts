import { isUtf8 } from 'node:buffer'
import { Kind } from '../../../../wire/json/bytes.ts'
import { type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import type { Columns, LogParts } from '../../../../wire/otlp/logs/parts.ts'
import { severityNumber } from '../../../../wire/otlp/logs/severity.ts'
import { fieldPath } from '../../condition/field.ts'
import { compileTemplate, type RecordView, type Template } from '../../template/template.ts'
import type { OtlpConfig } from './config.ts'

/** Which records share a resource and a scope. */
export interface Origin {
  readonly id: string
  /** As JSON text, made when the first record of the group asks; undefined: none. */
  resource(): Buffer | undefined
  scope(): Buffer | undefined
}

/** Takes records apart into what OTLP knows. It stands for one record after the other. */
export class Mapping implements LogParts {
  /** Records whose bytes had to be replaced because they are not UTF-8. */
  replaced = 0
  bytes: Buffer = Buffer.alloc(0)
  timeMs = 0
  readonly observedMs = 0
  severityNumber = 0
  severityText = ''
  body: ValueSpan | undefined
  membersAre: 'attributes' | 'body' = 'body'
  readonly members = new MemberColumns()
  attributes: ValueSpan | undefined
  traceId = ''
  spanId = ''
  flags = 0
  eventName = ''

  readonly #record = new JsonRecord()
  readonly #value = new ValueSpan()
  readonly #bodySpan = new ValueSpan()
  readonly #attributesSpan = new ValueSpan()
  readonly #config: OtlpConfig
  readonly #paths
  readonly #severityPaths: readonly KeyPath[]
  readonly #resource: readonly (readonly [KeyPath, Template])[]
  /** The members of the present record that are something else than attributes. */
  readonly #taken = new Set<number>()

  constructor(config: OtlpConfig, hostname: string) {
    this.#config = config
    const path = (field: string) => keyPathOf(fieldPath(field))
    this.#paths = {
      body: config.bodyField === '' ? undefined : path(config.bodyField),
      attributes: path(config.attributesField),
      resource: path(config.resourceField),
      scope: path(config.scopeField),
      severityNumber: path(config.severityNumberField),
      traceId: path(config.traceIdField),
      spanId: path(config.spanIdField),
      flags: path(config.traceFlagsField),
      eventName: path(config.eventNameField),
    }
    this.#severityPaths = config.severityFields.map(path)
    this.#resource = Object.entries(config.resource).map(
      ([name, text]) => [keyPathOf([name]), compileTemplate(text, { hostname })] as const,
    )
  }

  /** Moves to the record, and tells whom it comes from. */
  open(view: RecordView): Origin {
    const whole = view.bytes.subarray(view.start, view.end)
    this.bytes = isUtf8(whole) ? whole : Buffer.from(whole.toString())
    if (this.bytes !== whole) this.replaced++
    const record = this.#record
    record.open(this.bytes, 0, this.bytes.length)
    this.#taken.clear()
    const { body, attributes, traceId, spanId, flags, eventName } = this.#paths
    this.timeMs = view.timeMs
    this.body = body && this.#take(body, this.#bodySpan)
    this.attributes = this.#take(attributes, this.#attributesSpan, Kind.object)
    this.traceId = this.#id(traceId, 32)
    this.spanId = this.#id(spanId, 16)
    this.flags = this.#number(flags, 255)
    this.eventName = this.#take(eventName, this.#value, Kind.string)?.text() ?? ''
    this.#severity()
    const origin = this.#originOf(view)
    this.membersAre = this.body === undefined ? 'body' : 'attributes'
    if (this.body !== undefined && this.#config.attributes === 'none') this.members.count = 0
    else this.members.fill(record, this.#taken)
    return origin
  }

  /** The value at the path, if it is of the kind; a member at the top is then no attribute any more. */
  #take(path: KeyPath, value: ValueSpan, kind?: number): ValueSpan | undefined {
    if (!this.#record.locate(path, value)) return undefined
    if (kind !== undefined && value.kind !== kind) return undefined
    if (path.length === 1) this.#taken.add(this.#record.find(path[0]))
    return value
  }

  #id(path: KeyPath, digits: number): string {
    const value = this.#value
    if (!this.#record.locate(path, value) || value.kind !== Kind.string) return ''
    const text = value.text()
    if (text.length !== digits || !/^[0-9a-f]+$/i.test(text)) return ''
    this.#take(path, value)
    return text.toLowerCase()
  }

  #number(path: KeyPath, most: number): number {
    const value = this.#value
    if (!this.#record.locate(path, value) || value.kind !== Kind.number) return 0
    const number = value.number()
    if (!Number.isInteger(number) || number < 0 || number > most) return 0
    this.#take(path, value)
    return number
  }

  #severity(): void {
    this.severityText = ''
    for (const path of this.#severityPaths) {
      const text = this.#take(path, this.#value, Kind.string)
      if (text === undefined) continue
      this.severityText = text.text()
      break
    }
    this.severityNumber = this.#number(this.#paths.severityNumber, 24) || severityNumber(this.severityText)
  }

  #originOf(view: RecordView): Origin {
    const text = (path: KeyPath) => {
      const value = this.#take(path, this.#value, Kind.object)
      return value && Buffer.from(value.bytes.subarray(value.start, value.end))
    }
    const own = text(this.#paths.resource)
    const scope = text(this.#paths.scope)
    const added = this.#resource.map(([path, template]) => [path, template.render(view)] as const)
    const parts = [
      own?.toString('latin1') ?? '',
      scope?.toString('latin1') ?? '',
      ...added.map(([, value]) => value ?? ''),
    ]
    return { id: parts.join('\0'), scope: () => scope, resource: () => merged(own, added) }
  }
}

/** The record's own attributes of its resource, and those that were configured where it has no such. */
function merged(
  own: Buffer | undefined,
  added: readonly (readonly [KeyPath, string | undefined])[],
): Buffer | undefined {
  if (own === undefined && added.every(([, value]) => value === undefined)) return undefined
  const resource = new JsonRecord()
  const text = own ?? Buffer.from('{}')
  resource.open(text, 0, text.length)
  for (const [path, value] of added)
    if (value !== undefined) resource.add(path, Buffer.from(JSON.stringify(value.toWellFormed())))
  const out = new ByteWriter(text.length + 256)
  resource.writeTo(out)
  return out.bytes.subarray(0, out.length)
}

class MemberColumns implements Columns {
  count = 0
  keyStarts = new Uint32Array(64)
  keyEnds = new Uint32Array(64)
  valueStarts = new Uint32Array(64)
  valueEnds = new Uint32Array(64)

  /** All members of the record but those that are taken. */
  fill(record: JsonRecord, taken: ReadonlySet<number>): void {
    if (record.count > this.keyStarts.length) this.#grow(record.count)
    let count = 0
    for (let member = 0; member < record.count; member++) {
      if (taken.has(member)) continue
      this.keyStarts[count] = record.keyStarts[member]
      this.keyEnds[count] = record.keyEnds[member]
      this.valueStarts[count] = record.valueStarts[member]
      this.valueEnds[count++] = record.valueEnds[member]
    }
    this.count = count
  }

  #grow(size: number): void {
    this.keyStarts = new Uint32Array(size)
    this.keyEnds = new Uint32Array(size)
    this.valueStarts = new Uint32Array(size)
    this.valueEnds = new Uint32Array(size)
  }
}
