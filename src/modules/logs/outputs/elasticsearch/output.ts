import type { Slice } from '../../batch.ts'
import { compress } from '../compression.ts'
import { HttpPeer } from '../http-peer.ts'
import type { Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import { parseRetryAfter } from '../retry-after.ts'
import { countRecords } from '../selection.ts'
import { type BulkQuestion, judgeBulk } from './bulk-answer.ts'
import { BulkBody, type BulkPlan, overheadBytes } from './bulk-body.ts'
import { defaultDataStream, type ElasticsearchConfig } from './config.ts'
import { parseDatedName } from './dated-name.ts'
import { SpareMemory } from './spare-memory.ts'

/** Sends records to Elasticsearch or OpenSearch with the `_bulk` API. */
export const openElasticsearch: OpenOutput<ElasticsearchConfig> = async (config, host) =>
  new ElasticsearchOutput(config, host)

/** Records that go into a body between two looks at the clock: less than a tenth of a millisecond of work. */
const recordsPerStep = 256
/** What an answer may have at most: a failed item says why in a few hundred bytes. */
const answerBytesPerRecord = 2048

class ElasticsearchOutput implements Output {
  readonly limits: Limits
  readonly #host: OutputHost
  readonly #gzip: boolean
  readonly #peer: HttpPeer
  readonly #plan: BulkPlan
  readonly #path: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #question: Omit<BulkQuestion, 'slices'>
  readonly #spare = new SpareMemory()
  readonly #memory = (bytes: number) => this.#spare.take(bytes)
  #refusal: string | undefined

  constructor(config: ElasticsearchConfig, host: OutputHost) {
    this.#host = host
    this.#gzip = config.gzip
    this.#plan = planOf(config, host.spoolId)
    this.#path = pathOf(config)
    this.#headers = headersOf(config)
    this.#question = questionOf(config, host.key)
    this.limits = limitsOf(config, overheadBytes(this.#plan))
    this.#peer = new HttpPeer(host, {
      url: config.url,
      urlKey: `${host.key}.url`,
      tls: config.tls,
      tlsKey: `${host.key}.tls`,
      maxConnections: config.concurrency,
      // Load balancers in front of such clusters close after a minute; the server itself keeps connections for ever.
      idleTimeoutMs: 30_000,
      timeoutMs: config.timeoutMs,
    })
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    const records = countRecords(slices)
    if (records === 0) return { kind: 'done' }
    const body = await this.#build(slices)
    const answer = await this.#peer.request(
      {
        method: 'POST',
        path: this.#path,
        headers: this.#headers,
        body: await compress(body.bytes(), this.#gzip ? 'gzip' : 'none', this.#host),
        maxAnswerBytes: 64 * 1024 + records * answerBytesPerRecord,
      },
      signal,
    )
    if ('failure' in answer) return answer.failure
    const afterMs = parseRetryAfter(answer.header('retry-after'), this.#host.clock.now())
    const { outcome, refusal } = judgeBulk(
      { ...this.#question, slices },
      { status: answer.status, body: answer.body, ...(afterMs === undefined ? {} : { afterMs }) },
    )
    if (refusal) this.#host.log.warn('elasticsearch_items_refused', refusal)
    this.#refusal = refusal
    // Who has taken every record has read all of the body.
    if (outcome.kind === 'done') this.#spare.give(body.memory)
    return outcome
  }

  health(): ReturnType<NonNullable<Output['health']>> {
    if (this.#refusal === undefined) return { ready: true, state: 'ok' }
    return { ready: true, state: 'degraded', message: this.#refusal }
  }

  async #build(slices: readonly Slice[]): Promise<BulkBody> {
    const body = new BulkBody(this.#plan, slices, this.#memory)
    for (const { frame, from, to } of slices) {
      for (let at = from; at < to; at += recordsPerStep) {
        const pause = this.#host.slice()
        if (pause) await pause
        body.add({ frame, from: at, to: Math.min(to, at + recordsPerStep) })
      }
    }
    if (body.replaced > 0) this.#host.invalidUtf8.inc(body.replaced)
    return body
  }
}

function planOf(config: ElasticsearchConfig, spoolId: string): BulkPlan {
  const ids = config.ids === 'position'
  const index = config.index === undefined ? undefined : parseDatedName(config.index)
  return {
    op: config.index === undefined || ids ? 'create' : 'index',
    ...(typeof index === 'object' ? { index } : {}),
    ...(ids ? { spoolId } : {}),
  }
}

/** A fixed target stands in the path: it is shorter, and servers may forbid naming indices in the body. */
function pathOf(config: ElasticsearchConfig): string {
  const prefix = new URL(config.url).pathname.replace(/\/+$/, '')
  const fixed =
    config.index === undefined ? (config.dataStream ?? defaultDataStream) : parseDatedName(config.index)
  const target = typeof fixed === 'string' ? `/${encodeURIComponent(fixed)}` : ''
  // Of the answer only what is judged is asked for.
  const query = ['filter_path=errors,error,status,items.*.status,items.*.error']
  if (config.pipeline !== undefined) query.push(`pipeline=${encodeURIComponent(config.pipeline)}`)
  return `${prefix}${target}/_bulk?${query.join('&')}`
}

function headersOf(config: ElasticsearchConfig): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(config.headers)) headers[name.toLowerCase()] = value.reveal()
  headers['content-type'] = 'application/x-ndjson'
  headers['accept'] = 'application/json'
  if (config.gzip) headers['content-encoding'] = 'gzip'
  if (config.apiKey) headers['authorization'] = `ApiKey ${config.apiKey.reveal()}`
  else if (config.username !== undefined) {
    const pair = `${config.username}:${config.password?.reveal() ?? ''}`
    headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`
  }
  return headers
}

function questionOf(config: ElasticsearchConfig, key: string): Omit<BulkQuestion, 'slices'> {
  const auth = config.apiKey
    ? 'apiKey'
    : config.username !== undefined
      ? 'username'
      : config.tls?.cert
        ? 'tls'
        : 'none'
  const stream = config.index === undefined
  return {
    op: stream || config.ids === 'position' ? 'create' : 'index',
    key,
    auth,
    target: stream ? `data stream ${config.dataStream ?? defaultDataStream}` : `index ${config.index}`,
    targetOption: stream ? 'dataStream' : 'index',
  }
}

/** A fifth of the body is kept for action lines and timestamps; so no body grows beyond its limit, whatever the records. */
function limitsOf(config: ElasticsearchConfig, overhead: number): Limits {
  const overheadTotal = Math.floor(config.maxBodyBytes / 5)
  return {
    maxBytes: config.maxBodyBytes - overheadTotal,
    maxRecords: Math.max(1, Math.floor(overheadTotal / overhead)),
    maxAgeMs: config.flushIntervalMs,
    concurrency: config.concurrency,
  }
}
