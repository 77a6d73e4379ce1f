import { Kind } from '../../../../wire/json/bytes.ts'
import { type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { fieldPath } from '../../condition/field.ts'
import { compileTemplate, type RecordView, type Template } from '../../template/template.ts'
import { severityOf } from '../severity.ts'
import type { GelfConfig } from './config.ts'

/** Objects are taken apart so deep; what is deeper stays JSON. */
const MAX_DEPTH = 8

/** Makes GELF 1.1 of records: texts and numbers in fields with an underscore, objects taken apart by their names. */
export class GelfWriter {
  readonly #short: Template
  readonly #full: Template
  readonly #hostname: Template
  readonly #level: KeyPath

  constructor(config: GelfConfig, hostname: string) {
    this.#short = compileTemplate(config.shortMessage, { hostname })
    this.#full = compileTemplate(config.fullMessage, { hostname })
    this.#hostname = compileTemplate(config.hostname, { hostname })
    this.#level = keyPathOf(fieldPath(config.levelField))
  }

  write(view: RecordView): string {
    const full = this.#full.render(view)
    const level = severityOf(view.text(this.#level) ?? '')
    const head = {
      version: '1.1',
      host: this.#hostname.render(view) ?? 'unknown',
      short_message: this.#short.render(view) ?? view.bytes.toString('utf8', view.start, view.end),
      ...(full !== undefined && { full_message: full }),
      timestamp: Math.round(view.timeMs) / 1000,
      ...(level !== undefined && { level }),
      _tag: view.origin.tag,
    }
    const fields: string[] = []
    if (view.open()) addFields(view.record, '_', 1, fields)
    const text = JSON.stringify(head)
    return fields.length === 0 ? text : `${text.slice(0, -1)},${fields.join(',')}}`
  }
}

/** `id` is a name that servers keep for themselves; `tag` is ours already. */
const TAKEN = new Set(['_id', '_tag'])

function addFields(record: JsonRecord, prefix: string, depth: number, fields: string[]): void {
  const value = new ValueSpan()
  for (let member = 0; member < record.count; member++) {
    const name = record.nameAt(member)
    if (name === undefined) continue
    const plain = prefix + name.replace(/[^\w.-]/g, '_')
    const key = TAKEN.has(plain) ? `_${plain}` : plain
    const { bytes, start, end, kind } = record.valueAt(member, value)
    if (kind === Kind.object && depth < MAX_DEPTH) {
      const inner = new JsonRecord()
      if (inner.open(bytes, start, end)) addFields(inner, `${key}_`, depth + 1, fields)
    } else if (kind === Kind.number) fields.push(`"${key}":${bytes.toString('latin1', start, end)}`)
    else if (kind !== Kind.null) fields.push(`"${key}":${JSON.stringify(value.asText())}`)
  }
}
