import { Kind } from '../../../../wire/json/bytes.ts'
import { type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { parseIso8601 } from '../../../../wire/time/iso8601.ts'
import type { GatheredByTag, Intake } from '../http-server/intake.ts'
import { copyOnOneLine } from '../http-server/json-records.ts'
import type { InputHost } from '../input.ts'
import type { Item } from './bulk.ts'
import type { ElasticsearchInputConfig } from './config.ts'

const TIMESTAMP = keyPathOf(['@timestamp'])

/** What came of one item. */
export interface ItemAnswer {
  readonly _index: string
  readonly _id?: string
  readonly status: number
  readonly result?: string
  readonly error?: { readonly type: string; readonly reason: string }
}

/** The documents of one request, on their way to the spool. */
export class Documents {
  readonly #host: InputHost
  readonly #metaPath: KeyPath | undefined
  readonly #tagPath: KeyPath | undefined
  readonly #gathered: GatheredByTag
  readonly #record = new JsonRecord()
  readonly #value = new ValueSpan()

  constructor({ metaField, tagField }: ElasticsearchInputConfig, host: InputHost, intake: Intake) {
    this.#host = host
    this.#metaPath = metaField === '' ? undefined : keyPathOf([metaField])
    this.#tagPath = tagField === undefined ? undefined : keyPathOf([tagField])
    this.#gathered = intake.byTag()
  }

  /** Brings one item on its way, unless it is none of those that can be. */
  async take(body: Buffer, item: Item, index: string): Promise<ItemAnswer> {
    const { operation, action, id, start, end } = item
    const names = { _index: index, ...(id !== '' && { _id: id }) }
    if (operation === 'delete') return { ...names, status: 404, result: 'not_found' }
    if (operation === 'update')
      return refuse(names, 403, 'illegal_argument_exception', 'records are added, never updated')
    if (index === '')
      return refuse(
        names,
        400,
        'action_request_validation_exception',
        'Validation Failed: 1: index is missing;',
      )
    const record = this.#record
    if (!record.open(body, start, end)) {
      const reason = `failed to parse: expected ${record.error} at byte ${record.errorAt - start + 1}`
      return refuse(names, 400, 'document_parsing_exception', reason)
    }
    const timeMs = this.#timeOf()
    const tag = this.#tagOf() || this.#host.tag(index)
    if (this.#metaPath) record.set(this.#metaPath, action.bytes.subarray(action.start, action.end))
    const batch = await this.#gathered.of(index, tag)
    const from = batch.out.length
    record.writeTo(batch.out)
    const to = batch.out.length
    batch.out.length = from
    copyOnOneLine(batch.out, batch.out.bytes, from, to)
    await batch.end(timeMs)
    return { ...names, status: 201, result: 'created' }
  }

  /** Resolves once all records are safe. */
  async finish(): Promise<void> {
    await this.#gathered.finish()
  }

  #timeOf(): number {
    const { bytes, kind, start, end } = this.#find(TIMESTAMP)
    return kind === Kind.string ? parseIso8601(bytes, start + 1, end - 1) : Number.NaN
  }

  #tagOf(): string {
    if (!this.#tagPath) return ''
    const value = this.#find(this.#tagPath)
    return value.kind === Kind.string ? value.text() : ''
  }

  #find(path: KeyPath): ValueSpan {
    const value = this.#value
    if (!this.#record.locate(path, value)) value.kind = Kind.none
    return value
  }
}

function refuse(
  names: { _index: string; _id?: string },
  status: number,
  type: string,
  reason: string,
): ItemAnswer {
  return { ...names, status, error: { type, reason } }
}
