import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { verifySignature } from '../aws/signature.ts'
import { type Fault, Faults, play, readBody } from '../faults.ts'
import { type Action, MalformedBulk, parseBulk } from './bulk.ts'
import { Indices, type IndicesOptions, type ItemResult, type StoredDocument } from './indices.ts'

export interface FakeElasticsearchOptions extends IndicesOptions {
  /** 0 picks a free one. */
  readonly port?: number
  readonly host?: string
  /** PEM. With `clientCa` a client certificate from it is required. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientCa?: string }
  /** The only API key that is let in. */
  readonly apiKey?: string
  /** The only user that is let in. */
  readonly user?: { readonly name: string; readonly password: string }
  /** The keys whose signature is asked for, as by Amazon OpenSearch Service. */
  readonly aws?: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly region: string
    readonly service: string
  }
  /** Larger bodies get 413. 100 MiB unless given. */
  readonly maxBodyBytes?: number
  /** The number in this field of a document is noted in `sequences`. */
  readonly sequenceField?: string
  /** Called for every document that is stored, before the answer. */
  readonly onDocument?: (document: StoredDocument) => void
}

export interface FakeElasticsearch {
  readonly url: string
  readonly port: number
  readonly counts: FakeCounts
  /** How often each sequence number was stored. */
  readonly sequences: ReadonlyMap<number, number>
  readonly faults: Faults
  readonly indices: Indices
  /** The last `_bulk` request, as it came. */
  readonly last:
    | { readonly path: string; readonly headers: Readonly<Record<string, unknown>>; readonly body: Buffer }
    | undefined
  close(): Promise<void>
}

export interface FakeCounts {
  requests: number
  /** Stored, duplicates of a sequence number included. */
  documents: number
  /** Not stored because the id was there. */
  conflicts: number
  rejected: number
  throttled: number
  /** Requests whose body was at fault as a whole: always our bug. */
  malformed: number
  bodyBytes: number
}

/** A server that speaks as much of Elasticsearch as a log shipper needs, strictly, and misbehaves on demand. */
export async function startFakeElasticsearch(
  options: FakeElasticsearchOptions = {},
): Promise<FakeElasticsearch> {
  const fake = new Fake(options)
  const listener: RequestListener = (request, response) => void fake.serve(request, response)
  const { tls } = options
  const server = tls
    ? createTlsServer(
        {
          key: tls.key,
          cert: tls.cert,
          ...(tls.clientCa ? { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true } : {}),
        },
        listener,
      )
    : createServer(listener)
  server.keepAliveTimeout = 60_000
  const host = options.host ?? '127.0.0.1'
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls ? 'https' : 'http'}://${tls ? 'localhost' : host}:${port}`,
    port,
    counts: fake.counts,
    sequences: fake.sequences,
    faults: fake.faults,
    indices: fake.indices,
    get last() {
      return fake.last
    },
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

class Fake {
  readonly counts: FakeCounts = {
    requests: 0,
    documents: 0,
    conflicts: 0,
    rejected: 0,
    throttled: 0,
    malformed: 0,
    bodyBytes: 0,
  }
  readonly sequences = new Map<number, number>()
  readonly faults = new Faults()
  readonly indices: Indices
  last: { path: string; headers: Record<string, unknown>; body: Buffer } | undefined
  readonly #options: FakeElasticsearchOptions

  constructor(options: FakeElasticsearchOptions) {
    this.#options = options
    this.indices = new Indices(options)
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response)
    } catch (error) {
      if (!response.headersSent)
        answer(response, 500, { error: { type: 'fake_failure', reason: String(error) }, status: 500 })
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake')
    const parts = pathname.split('/').filter(part => part !== '')
    const verb = parts.at(-1)
    const target = parts.length > 1 ? decodeURIComponent(parts[0]) : undefined
    if (verb === '_bulk') return this.#bulk(request, response, target, searchParams)
    await readBody(request, 1 << 20)
    if (parts.length === 0) return answer(response, 200, info)
    if (!this.#isKnown(request)) return unauthorized(response)
    if (verb === '_count') return answer(response, 200, { count: this.indices.count(target) })
    if (verb === '_search') return answer(response, 200, this.#search(target, searchParams))
    if (verb === '_fake') return answer(response, 200, this.#report())
    const reason = `no handler found for uri [${request.url}] and method [${request.method}]`
    answer(response, 400, { error: reason, status: 400 })
  }

  async #bulk(
    request: IncomingMessage,
    response: ServerResponse,
    target: string | undefined,
    query: URLSearchParams,
  ): Promise<void> {
    this.counts.requests++
    const fault = this.faults.next()
    if (await play(fault, 'before', request, response)) {
      if (fault?.kind === 'status' && fault.status === 429) this.counts.throttled++
      return
    }
    const sent = await readBody(request, this.#options.maxBodyBytes ?? 100 * 1024 * 1024)
    if (!sent)
      return answer(response, 413, {
        error: { type: 'content_too_long', reason: 'the request is too large' },
        status: 413,
      })
    if (!this.#isKnown(request)) return unauthorized(response)
    const unsigned = this.#unsigned(request, sent)
    if (unsigned) return answer(response, 403, { message: unsigned })
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
    this.last = { path: request.url ?? '', headers: request.headers, body }
    this.counts.bodyBytes += body.length
    const refusal = this.#refuse(request)
    if (refusal) return this.#malformed(response, refusal.status, refusal.reason)
    let actions: Action[]
    try {
      actions = parseBulk(body)
    } catch (error) {
      if (!(error instanceof MalformedBulk)) throw error
      return this.#malformed(response, 400, error.message)
    }
    const items = this.#applyAll(actions, target, query.get('pipeline') ?? undefined, fault)
    if (await play(fault, 'after', request, response)) return
    const errors = items.some(item => 'error' in Object.values(item)[0])
    answer(response, 200, filtered({ errors, took: 1, items }, query.get('filter_path')))
  }

  #refuse(request: IncomingMessage): { status: number; reason: string } | undefined {
    if (request.method !== 'POST' && request.method !== 'PUT') {
      return {
        status: 405,
        reason: `Incorrect HTTP method for uri [${request.url}] and method [${request.method}]`,
      }
    }
    const type = request.headers['content-type'] ?? ''
    if (!/^application\/(x-ndjson|json)\b/.test(type)) {
      return { status: 406, reason: `Content-Type header [${type}] is not supported` }
    }
    return undefined
  }

  #malformed(response: ServerResponse, status: number, reason: string): void {
    this.counts.malformed++
    answer(response, status, { error: { type: 'illegal_argument_exception', reason }, status })
  }

  #applyAll(
    actions: readonly Action[],
    target: string | undefined,
    pipeline: string | undefined,
    fault: Fault | undefined,
  ): Record<string, ItemResult>[] {
    return actions.map((action, ordinal) => {
      const index = action.index ?? target
      if (index === undefined) return { [action.op]: noIndex }
      if (fault?.kind === 'items' && fault.refuse(ordinal)) {
        this.counts.throttled++
        return { [action.op]: refusedItem(index, action, fault.status) }
      }
      const result = this.indices.apply(action, index, action.pipeline ?? pipeline, document =>
        this.#note(document),
      )
      if (result.status === 409) this.counts.conflicts++
      else if (result.error) this.counts.rejected++
      return { [action.op]: result }
    })
  }

  #note(document: StoredDocument): void {
    this.counts.documents++
    const field = this.#options.sequenceField
    const sequence = field === undefined ? undefined : document.source[field]
    if (typeof sequence === 'number') this.sequences.set(sequence, (this.sequences.get(sequence) ?? 0) + 1)
    this.#options.onDocument?.(document)
  }

  #unsigned({ method = '', url = '', headers }: IncomingMessage, body: Buffer): string | undefined {
    const { aws } = this.#options
    if (!aws) return undefined
    const [path, query] = url.split('?')
    return verifySignature({ method, path, query: query ?? '', headers, body }, { ...aws, now: Date.now })
      ?.message
  }

  #isKnown(request: IncomingMessage): boolean {
    const { apiKey, user, tls } = this.#options
    if (tls?.clientCa && !(request.socket as TLSSocket).authorized) return false
    const given = request.headers.authorization
    if (apiKey !== undefined) return given === `ApiKey ${apiKey}`
    if (user) return given === `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`
    return true
  }

  #search(target: string | undefined, query: URLSearchParams): unknown {
    const documents = this.indices.documents(target)
    const from = Number(query.get('from') ?? 0)
    const hits = documents.slice(from, from + Number(query.get('size') ?? 10))
    return {
      took: 1,
      timed_out: false,
      hits: {
        total: { value: documents.length, relation: 'eq' },
        hits: hits.map(({ index, id, source }) => ({ _index: index, _id: id, _source: source })),
      },
    }
  }

  /** What another process wants to know at the end of a run. */
  #report(): unknown {
    let duplicates = 0
    for (const times of this.sequences.values()) duplicates += times - 1
    return { ...this.counts, sequences: this.sequences.size, duplicates }
  }
}

const info = {
  name: 'fake',
  cluster_name: 'fake',
  version: { number: '8.15.0', build_flavor: 'default' },
  tagline: 'You Know, for Search',
}

const noIndex: ItemResult = {
  _index: '',
  _id: null,
  status: 400,
  error: { type: 'action_request_validation_exception', reason: 'Validation Failed: 1: index is missing;' },
}

function refusedItem(index: string, action: Action, status: number): ItemResult {
  const type = status === 429 ? 'es_rejected_execution_exception' : 'unavailable_shards_exception'
  return {
    _index: index,
    _id: action.id ?? null,
    status,
    error: { type, reason: `refused with ${status} on purpose` },
  }
}

/** The two filters that a shipper sets: with `filter_path` only what it names is left. */
function filtered(
  whole: { errors: boolean; took: number; items: Record<string, ItemResult>[] },
  filter: string | null,
): unknown {
  if (filter === null) return whole
  const paths = filter.split(',')
  const kept = (path: string) => paths.includes(path)
  const items = whole.items.map(item => {
    const [op, { status, error }] = Object.entries(item)[0]
    return {
      [op]: {
        ...(kept('items.*.status') ? { status } : {}),
        ...(kept('items.*.error') && error ? { error } : {}),
      },
    }
  })
  return {
    ...(kept('errors') ? { errors: whole.errors } : {}),
    ...(kept('took') ? { took: whole.took } : {}),
    items: items.filter(item => Object.keys(Object.values(item)[0]).length > 0),
  }
}

function unauthorized(response: ServerResponse): void {
  const reason = 'unable to authenticate with provided credentials'
  answer(response, 401, { error: { type: 'security_exception', reason }, status: 401 })
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
  response.end(JSON.stringify(body))
}
