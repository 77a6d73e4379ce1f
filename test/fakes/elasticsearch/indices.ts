import { type Action, MalformedBulk, strictUtf8 } from './bulk.ts'

export interface StoredDocument {
  readonly index: string
  readonly id: string
  readonly routing?: string | undefined
  readonly source: Readonly<Record<string, unknown>>
  /** The document's bytes as they were sent. */
  readonly bytes: Buffer
}

export type FieldType = 'long' | 'double' | 'boolean' | 'date' | 'keyword'

export interface IndicesOptions {
  /** Names that are data streams. Those of Elasticsearch's own `logs-*-*` template unless given. */
  readonly dataStreams?: RegExp
  /** Whether a write makes what it writes to. */
  readonly autoCreate?: boolean
  /** Fields that only take one type of value, in every index. */
  readonly mappings?: Readonly<Record<string, FieldType>>
  /** Ingest pipelines that exist. */
  readonly pipelines?: readonly string[]
  /** Keep the documents for `_search`; without it only ids and counts are kept. */
  readonly keepDocuments?: boolean
}

export interface ItemResult {
  readonly _index: string
  readonly _id: string | null
  readonly status: number
  readonly result?: 'created' | 'updated'
  readonly error?: { type: string; reason: string; caused_by?: { type: string; reason: string } }
}

interface Index {
  readonly ids: Set<string>
  readonly documents: StoredDocument[]
  count: number
}

/** The indices and data streams of a fake server. */
export class Indices {
  readonly #options: IndicesOptions
  readonly #dataStreams: RegExp
  readonly #indices = new Map<string, Index>()
  #nextId = 0

  constructor(options: IndicesOptions) {
    this.#options = options
    this.#dataStreams = options.dataStreams ?? /^logs-[^-]+-[^-]+$/
  }

  create(name: string): void {
    if (!this.#indices.has(name)) this.#indices.set(name, { ids: new Set(), documents: [], count: 0 })
  }

  count(name?: string): number {
    let count = 0
    for (const [index, { count: some }] of this.#indices) if (!name || matches(index, name)) count += some
    return count
  }

  documents(name?: string): StoredDocument[] {
    return [...this.#indices]
      .filter(([index]) => !name || matches(index, name))
      .flatMap(([, index]) => index.documents)
  }

  /** Carries out one action; `stored` is told of the document when it is new. */
  apply(
    action: Action,
    index: string,
    pipeline: string | undefined,
    stored: (document: StoredDocument) => void,
  ): ItemResult {
    const refuse = (
      status: number,
      type: string,
      reason: string,
      cause?: { type: string; reason: string },
    ) => ({
      _index: index,
      _id: action.id ?? null,
      status,
      error: { type, reason, ...(cause ? { caused_by: cause } : {}) },
    })
    if (index !== index.toLowerCase() || /[\\/*?"<>| ,#]/.test(index) || /^[-_+]/.test(index)) {
      return refuse(400, 'invalid_index_name_exception', `Invalid index name [${index}]`)
    }
    if (pipeline !== undefined && !this.#options.pipelines?.includes(pipeline)) {
      return refuse(400, 'illegal_argument_exception', `pipeline with id [${pipeline}] does not exist`)
    }
    const stream = this.#dataStreams.test(index)
    if (stream && action.op !== 'create') {
      return refuse(
        400,
        'illegal_argument_exception',
        'only write ops with an op_type of create are allowed in data streams',
      )
    }
    if (!this.#indices.has(index)) {
      if (this.#options.autoCreate === false) {
        return refuse(
          404,
          'index_not_found_exception',
          `no such index [${index}] and [action.auto_create_index] is [false]`,
        )
      }
      this.create(index)
    }
    return this.#store(action, index, stream, refuse, stored)
  }

  #store(
    action: Action,
    name: string,
    stream: boolean,
    refuse: (
      status: number,
      type: string,
      reason: string,
      cause?: { type: string; reason: string },
    ) => ItemResult,
    stored: (document: StoredDocument) => void,
  ): ItemResult {
    const index = this.#indices.get(name)!
    if (action.op === 'update') return this.#update(action, name, index, refuse, stored)
    const id = action.id ?? `auto-${++this.#nextId}`
    let source: Record<string, unknown>
    try {
      source = parseSource(action.source)
    } catch (error) {
      return refuse(400, 'document_parsing_exception', `[1:1] failed to parse: ${(error as Error).message}`)
    }
    if (stream && !('@timestamp' in source)) {
      return refuse(400, 'document_parsing_exception', 'data stream timestamp field [@timestamp] is missing')
    }
    const fault = mappingFault(source, { '@timestamp': 'date', ...this.#options.mappings })
    if (fault) {
      const [field, type, value] = fault
      const reason = `failed to parse field [${field}] of type [${type}] in document with id '${id}'. Preview of field's value: '${value}'`
      return refuse(400, 'mapper_parsing_exception', reason, {
        type: 'illegal_argument_exception',
        reason: `For input string: "${value}"`,
      })
    }
    const known = index.ids.has(id)
    if (known && action.op === 'create') {
      return refuse(
        409,
        'version_conflict_engine_exception',
        `[${id}]: version conflict, document already exists (current version [1])`,
      )
    }
    if (action.id !== undefined) index.ids.add(id)
    if (!known) index.count++
    const document = { index: name, id, routing: action.routing, source, bytes: action.source }
    if (this.#options.keepDocuments) index.documents.push({ ...document, bytes: Buffer.from(action.source) })
    stored(document)
    return { _index: name, _id: id, status: known ? 200 : 201, result: known ? 'updated' : 'created' }
  }

  /** Puts fields into a document that is there, or makes it. */
  #update(
    action: Action,
    name: string,
    index: Index,
    refuse: (status: number, type: string, reason: string) => ItemResult,
    stored: (document: StoredDocument) => void,
  ): ItemResult {
    const id = action.id!
    const {
      doc,
      doc_as_upsert: upsert,
      ...others
    } = parseSource(action.source) as {
      doc?: Record<string, unknown>
      doc_as_upsert?: boolean
    }
    if (doc === undefined || Object.keys(others).length > 0)
      return refuse(
        400,
        'action_request_validation_exception',
        'Validation Failed: 1: script or doc is missing;',
      )
    const known = index.ids.has(id)
    if (!known && upsert !== true)
      return refuse(404, 'document_missing_exception', `[${id}]: document missing`)
    index.ids.add(id)
    if (!known) index.count++
    const at = index.documents.findIndex(document => document.id === id)
    const source = { ...index.documents[at]?.source, ...doc }
    const document = { index: name, id, routing: action.routing, source, bytes: Buffer.from(action.source) }
    if (at >= 0) index.documents.splice(at, 1)
    if (this.#options.keepDocuments) index.documents.push(document)
    stored(document)
    return { _index: name, _id: id, status: known ? 200 : 201, result: known ? 'updated' : 'created' }
  }
}

/** As strict as the server's parser: UTF-8, one object, no key twice at the top. */
function parseSource(bytes: Buffer): Record<string, unknown> {
  const text = strictUtf8(bytes)
  const source = JSON.parse(text) as Record<string, unknown>
  if (typeof source !== 'object' || source === null || Array.isArray(source))
    throw new MalformedBulk('expected an object')
  // The one duplicate that a shipper can make by itself.
  if (
    (text.match(/"@timestamp":/g)?.length ?? 0) > 1 &&
    text.lastIndexOf('"@timestamp":') > 0 &&
    twice(text)
  ) {
    throw new Error("Duplicate field '@timestamp'")
  }
  return source
}

/** Whether the top-level object has two `@timestamp` members. */
function twice(text: string): boolean {
  let seen = 0
  let depth = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && /^"@timestamp"\s*:$/.test(token)) seen++
  }
  return seen > 1
}

function mappingFault(
  source: Readonly<Record<string, unknown>>,
  mappings: Readonly<Record<string, FieldType>>,
): [string, FieldType, string] | undefined {
  for (const [field, type] of Object.entries(mappings)) {
    const value = source[field]
    if (value === undefined || value === null || fits(value, type)) continue
    return [field, type, typeof value === 'object' ? JSON.stringify(value) : String(value)]
  }
  return undefined
}

function fits(value: unknown, type: FieldType): boolean {
  switch (type) {
    case 'long':
    case 'double':
      return (
        typeof value === 'number' ||
        (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)))
      )
    case 'boolean':
      return typeof value === 'boolean' || value === 'true' || value === 'false'
    case 'date':
      return typeof value === 'number' || (typeof value === 'string' && !Number.isNaN(Date.parse(value)))
    case 'keyword':
      return typeof value !== 'object'
  }
}

/** Names with `*`, and lists by comma. */
function matches(index: string, names: string): boolean {
  return names.split(',').some(name => {
    const pattern = name.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    return new RegExp(`^${pattern.join('.*')}$`).test(index)
  })
}
