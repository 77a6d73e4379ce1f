import { hostname } from 'node:os'
import type { AwsSigner } from '../../../../backends/aws/signer.ts'
import { basicAuthorization, revealed } from '../../../../backends/http/auth.ts'
import { HttpPeer } from '../../../../backends/http/peer.ts'
import { parseRetryAfter } from '../../../../backends/http/retry-after.ts'
import type { Slice } from '../../batch.ts'
import { compress } from '../compression.ts'
import type { Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import { countRecords, selectRecords } from '../selection.ts'
import { type BulkQuestion, judgeBulk } from './bulk-answer.ts'
import { BulkBody, type BulkPlan, overheadBytes } from './bulk-body.ts'
import { BulkLines, type LinesPlan, linesOverheadBytes, linesPlanOf } from './bulk-lines.ts'
import {
  type BulkOperation,
  cloudUrl,
  defaultDataStream,
  type ElasticsearchConfig,
  type OpensearchConfig,
  type SearchConfig,
} from './config.ts'
import { parseDatedName } from './dated-name.ts'
import { SpareMemory } from './spare-memory.ts'

/** Sends records to Elasticsearch with the `_bulk` API. */
export const openElasticsearch: OpenOutput<ElasticsearchConfig> = async (config, host) => {
  const url = config.url ?? cloudUrl(config.cloudId ?? '') ?? ''
  const dataStream = config.index === undefined ? (config.dataStream ?? defaultDataStream) : undefined
  return await openSearch({ ...config, url, ...(dataStream === undefined ? {} : { dataStream }) }, host)
}

/** Sends records to OpenSearch with the `_bulk` API. */
export const openOpensearch: OpenOutput<OpensearchConfig> = (config, host) => openSearch(config, host)

/** What signs is loaded only where requests are signed. */
async function openSearch(config: SearchConfig, host: OutputHost): Promise<Output> {
  const { aws } = config
  if (!aws) return new SearchOutput(config, host, undefined)
  const { AwsSigner } = await import('../../../../backends/aws/signer.ts')
  const signer = new AwsSigner({ config: aws, host, key: `${host.key}.aws`, service: aws.service })
  return new SearchOutput(config, host, signer)
}

/** Records that go into a body between two looks at the clock: less than a tenth of a millisecond of work. */
const recordsPerStep = 256
/** What an answer may have at most: a failed item says why in a few hundred bytes. */
const answerBytesPerRecord = 2048

class SearchOutput implements Output {
  readonly limits: Limits
  readonly #host: OutputHost
  readonly #config: SearchConfig
  readonly #peer: HttpPeer
  readonly #plan: BulkPlan
  readonly #lines: LinesPlan | undefined
  readonly #path: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #signer: AwsSigner | undefined
  readonly #question: Omit<BulkQuestion, 'slices'>
  readonly #spare = new SpareMemory()
  readonly #memory = (bytes: number) => this.#spare.take(bytes)
  #refusal: string | undefined

  constructor(config: SearchConfig, host: OutputHost, signer: AwsSigner | undefined) {
    this.#host = host
    this.#config = config
    const op = operationOf(config)
    this.#plan = planOf(config, host.spoolId)
    this.#lines = linesPlanOf(config, op, host.spoolId, hostname())
    this.#path = pathOf(config, this.#lines)
    this.#headers = headersOf(config)
    this.#signer = signer
    this.#question = { ...questionOf(config, host.key, op), mendAws: signer?.mend }
    this.limits = limitsOf(config, this.#lines ? linesOverheadBytes : overheadBytes(this.#plan))
    this.#peer = new HttpPeer(host, {
      url: config.url,
      urlKey: `${host.key}.${config.cloudId === undefined ? 'url' : 'cloudId'}`,
      tls: config.tls,
      tlsKey: `${host.key}.tls`,
      maxConnections: config.concurrency,
      // Load balancers in front of such clusters close after a minute; the server itself keeps connections for ever.
      idleTimeoutMs: 30_000,
      timeoutMs: config.timeoutMs,
    })
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    if (countRecords(slices) === 0) return { kind: 'done' }
    if (this.#lines) return await this.#sendLines(this.#lines, slices, signal)
    const body = new BulkBody(this.#plan, slices, this.#memory)
    await this.#fill(body, slices)
    const outcome = await this.#ask(slices, body.bytes(), signal)
    // Who has taken every record has read all of the body.
    if (outcome.kind === 'done') this.#spare.give(body.memory)
    return outcome
  }

  health(): ReturnType<NonNullable<Output['health']>> {
    if (this.#refusal === undefined) return { ready: true, state: 'ok' }
    return { ready: true, state: 'degraded', message: this.#refusal }
  }

  async #sendLines(plan: LinesPlan, slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    const body = new BulkLines(plan, slices)
    await this.#fill(body, slices)
    const { lacking, sent } = body
    const some = lacking.length === 0 ? slices : selectRecords(slices, sent)
    const outcome: Outcome =
      sent.length === 0 ? { kind: 'done' } : await this.#ask(some, body.bytes(), signal)
    if (lacking.length === 0 || outcome.kind !== 'done') return outcome
    const reason = `the record has no id to ${plan.op} (${this.#host.key}.idField)`
    const rejected = [...(outcome.rejected ?? []), { slices: selectRecords(slices, lacking), reason }]
    return { ...outcome, rejected }
  }

  async #ask(slices: readonly Slice[], bytes: Buffer, signal: AbortSignal): Promise<Outcome> {
    const body = await compress(bytes, this.#config.gzip ? 'gzip' : 'none', this.#host)
    const signed = await this.#signed(body)
    if ('failure' in signed) return signed.failure
    const maxAnswerBytes = 64 * 1024 + countRecords(slices) * answerBytesPerRecord
    const answer = await this.#peer.request(
      { method: 'POST', path: this.#path, headers: signed.headers, body, maxAnswerBytes },
      signal,
    )
    if ('failure' in answer) return answer.failure
    if (answer.status === 401 || answer.status === 403) this.#signer?.forget()
    const afterMs = parseRetryAfter(answer.header('retry-after'), this.#host.clock.now())
    const { outcome, refusal } = judgeBulk(
      { ...this.#question, slices },
      { status: answer.status, body: answer.body, ...(afterMs === undefined ? {} : { afterMs }) },
    )
    if (refusal) this.#host.log.warn('elasticsearch_items_refused', refusal)
    this.#refusal = refusal
    return outcome
  }

  async #signed(body: Buffer): ReturnType<AwsSigner['sign']> {
    if (!this.#signer) return { headers: this.#headers }
    const [path, query] = this.#path.split('?')
    const headers = { ...this.#headers, host: new URL(this.#config.url).host }
    return await this.#signer.sign({ method: 'POST', path, query, headers, body })
  }

  async #fill(body: BulkBody | BulkLines, slices: readonly Slice[]): Promise<void> {
    for (const { frame, from, to } of slices) {
      for (let at = from; at < to; at += recordsPerStep) {
        const pause = this.#host.slice()
        if (pause) await pause
        body.add({ frame, from: at, to: Math.min(to, at + recordsPerStep) })
      }
    }
    if (body.replaced > 0) this.#host.invalidUtf8.inc(body.replaced)
  }
}

/** Data streams take nothing else than `create`, and ids of our own make sense only with it. */
function operationOf({ operation, dataStream, ids }: SearchConfig): BulkOperation {
  return operation ?? (dataStream !== undefined || ids === 'position' ? 'create' : 'index')
}

function planOf(config: SearchConfig, spoolId: string): BulkPlan {
  const ids = config.ids === 'position'
  const index = config.index === undefined ? undefined : parseDatedName(config.index)
  return {
    op: operationOf(config) === 'index' ? 'index' : 'create',
    ...(typeof index === 'object' ? { index } : {}),
    ...(ids ? { spoolId } : {}),
  }
}

/** A fixed target stands in the path: it is shorter, and servers may forbid naming indices in the body. */
function pathOf(config: SearchConfig, lines: LinesPlan | undefined): string {
  const prefix = new URL(config.url).pathname.replace(/\/+$/, '')
  const fixed = lines ? lines.fixed : parseDatedName(config.index ?? config.dataStream ?? '')
  const target = typeof fixed === 'string' ? `/${encodeURIComponent(fixed)}` : ''
  // Of the answer only what is judged is asked for.
  const query = ['filter_path=errors,error,status,items.*.status,items.*.error']
  if (config.pipeline !== undefined && !config.pipeline.includes('{'))
    query.push(`pipeline=${encodeURIComponent(config.pipeline)}`)
  return `${prefix}${target}/_bulk?${query.join('&')}`
}

function headersOf(config: SearchConfig): Record<string, string> {
  const headers = revealed(config.headers)
  headers['content-type'] = 'application/x-ndjson'
  headers['accept'] = 'application/json'
  if (config.gzip) headers['content-encoding'] = 'gzip'
  if (config.apiKey) headers['authorization'] = `ApiKey ${config.apiKey.reveal()}`
  else if (config.username !== undefined)
    headers['authorization'] = basicAuthorization(config.username, config.password)
  return headers
}

function questionOf(config: SearchConfig, key: string, op: BulkOperation): Omit<BulkQuestion, 'slices'> {
  const { index, dataStream } = config
  return {
    op,
    key,
    auth: authOf(config),
    target: index === undefined ? `data stream ${dataStream}` : `index ${index}`,
    targetOption: index === undefined ? 'dataStream' : 'index',
  }
}

function authOf({ apiKey, username, aws, tls }: SearchConfig): BulkQuestion['auth'] {
  if (apiKey) return 'apiKey'
  if (username !== undefined) return 'username'
  if (aws) return 'aws'
  return tls?.cert ? 'tls' : 'none'
}

/** A fifth of the body is kept for action lines and timestamps; so no body grows beyond its limit, whatever the records. */
function limitsOf(config: SearchConfig, overhead: number): Limits {
  const overheadTotal = Math.floor(config.maxBodyBytes / 5)
  return {
    maxBytes: config.maxBodyBytes - overheadTotal,
    maxRecords: Math.max(1, Math.floor(overheadTotal / overhead)),
    maxAgeMs: config.flushIntervalMs,
    concurrency: config.concurrency,
  }
}
