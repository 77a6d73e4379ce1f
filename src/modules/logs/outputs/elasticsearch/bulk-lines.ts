import { isUtf8 } from 'node:buffer'
import { type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import type { Slice } from '../../batch.ts'
import { fieldPath } from '../../condition/field.ts'
import { compileTemplate, RecordView, type Template } from '../../template/template.ts'
import { countBytes } from '../selection.ts'
import type { BulkOperation, SearchConfig } from './config.ts'
import { replaceDots as putUnderscores } from './dotless-names.ts'

/** How records become lines of a `_bulk` body when each has a say in where it goes. */
export interface LinesPlan {
  readonly op: BulkOperation
  /** The index of all records, which the URL names. */
  readonly fixed: string | undefined
  /** Absent when the URL names it. */
  readonly index: Template | undefined
  readonly indexFallback: Template | undefined
  readonly id: KeyPath | undefined
  readonly routing: KeyPath | undefined
  readonly pipeline: Template | undefined
  readonly tagField: KeyPath | undefined
  readonly timeField: KeyPath
  readonly replaceDots: boolean
  /** Gives each record the `_id` `<spoolId>-<frame>-<record>`, unless it has one. */
  readonly spoolId: string | undefined
}

/** Bytes that a record has beyond its own, for an estimate. */
export const linesOverheadBytes = 240

/** Undefined when records have no say, so that the fast way will do. */
export function linesPlanOf(
  config: SearchConfig,
  op: BulkOperation,
  spoolId: string,
  hostname: string,
): LinesPlan | undefined {
  const { index, indexFallback, dataStream, idField, routingField, pipeline, tagField, timeField, ids } =
    config
  const { replaceDots } = config
  const name = index ?? dataStream
  const byRecord =
    (name?.includes('{') ?? false) ||
    (pipeline?.includes('{') ?? false) ||
    idField !== undefined ||
    routingField !== undefined ||
    tagField !== undefined ||
    timeField !== '@timestamp' ||
    replaceDots ||
    op === 'update' ||
    op === 'upsert'
  if (!byRecord) return undefined
  const template = (text: string) => compileTemplate(text, { hostname, clean: indexName }, { times: true })
  const target = name === undefined ? undefined : template(name)
  const path = (field: string | undefined) => (field === undefined ? undefined : keyPathOf(fieldPath(field)))
  return {
    op,
    fixed: target?.fixed,
    index: target?.fixed === undefined ? target : undefined,
    indexFallback: indexFallback === undefined ? undefined : template(indexFallback),
    id: path(idField),
    routing: path(routingField),
    pipeline: pipeline?.includes('{') ? compileTemplate(pipeline, { hostname }) : undefined,
    tagField: path(tagField),
    timeField: keyPathOf([timeField]),
    replaceDots,
    spoolId: ids === 'position' ? spoolId : undefined,
  }
}

/** What a record brings into an index’s name: lower case, without what names may not have. */
function indexName(value: string): string {
  return value
    .toLowerCase()
    .replace(/[\\/*?"<>| ,#:%]/g, '_')
    .slice(0, 200)
}

/** One `_bulk` request body. */
export class BulkLines {
  /** Records whose bytes had to be replaced because they are not UTF-8. */
  replaced = 0
  /** The places of the records in the body, among all of the send. */
  readonly sent: number[] = []
  /** Those of records that lack what the operation needs. */
  readonly lacking: number[] = []

  readonly #plan: LinesPlan
  readonly #view = new RecordView()
  readonly #out: ByteWriter
  #next = 0

  constructor(plan: LinesPlan, slices: readonly Slice[]) {
    this.#plan = plan
    this.#out = new ByteWriter(Math.ceil(countBytes(slices) * 1.2) + 4096)
  }

  add({ frame, from, to }: Slice): void {
    for (let i = from; i < to; i++) this.#add(this.#view.at(frame.batch, i), frame.sequence, i)
  }

  bytes(): Buffer {
    return this.#out.bytes.subarray(0, this.#out.length)
  }

  #add(view: RecordView, sequence: number, at: number): void {
    const ordinal = this.#next++
    const { op } = this.#plan
    const id = this.#idOf(view, sequence, at)
    if (id === undefined && (op === 'update' || op === 'upsert')) {
      this.lacking.push(ordinal)
      return
    }
    this.sent.push(ordinal)
    this.#text(`${this.#action(view, id)}\n`)
    const nested = op === 'update' || op === 'upsert'
    if (nested) this.#text('{"doc":')
    this.#source(view)
    if (nested) this.#text(op === 'upsert' ? ',"doc_as_upsert":true}' : '}')
    this.#out.byte(0x0a)
  }

  #idOf(view: RecordView, sequence: number, at: number): string | undefined {
    const { id, spoolId } = this.#plan
    const given = id && view.text(id)
    // The longest `_id` that the server takes.
    if (given !== undefined && Buffer.byteLength(given) <= 512) return given
    return spoolId === undefined ? undefined : `${spoolId}-${sequence.toString(36)}-${at.toString(16)}`
  }

  #action(view: RecordView, id: string | undefined): string {
    const { op, index, indexFallback, routing, pipeline } = this.#plan
    const meta: Record<string, string> = {}
    if (index) meta['_index'] = index.render(view) ?? indexFallback?.render(view) ?? ''
    if (id !== undefined) meta['_id'] = id.toWellFormed()
    const route = routing && view.text(routing)
    if (route !== undefined) meta['routing'] = route.toWellFormed()
    const through = pipeline?.render(view)
    if (through) meta['pipeline'] = through.toWellFormed()
    return JSON.stringify({ [op === 'upsert' ? 'update' : op]: meta })
  }

  #source(view: RecordView): void {
    const { tagField, timeField, replaceDots } = this.#plan
    const out = this.#out
    const start = out.length
    if (view.open()) {
      const { record } = view
      if (tagField) record.set(tagField, Buffer.from(JSON.stringify(view.origin.tag.toWellFormed())))
      record.add(timeField, Buffer.from(`"${timeOf(view.timeMs)}"`))
      record.writeTo(out)
    } else out.copy(view.bytes, view.start, view.end)
    if (replaceDots) putUnderscores(out.bytes, start, out.length)
    if (isUtf8(out.bytes.subarray(start, out.length))) return
    this.replaced++
    const text = Buffer.from(out.bytes.toString('utf8', start, out.length))
    out.length = start
    out.copy(text, 0, text.length)
  }

  #text(text: string): void {
    const bytes = Buffer.from(text)
    this.#out.copy(bytes, 0, bytes.length)
  }
}

const lastTimeMs = 253_402_300_799_999

function timeOf(timeMs: number): string {
  return new Date(timeMs >= 0 && timeMs <= lastTimeMs ? timeMs : 0).toISOString()
}
