import { hostname } from 'node:os'
import { HttpAuth, revealed } from '../../../../backends/http/auth.ts'
import { HttpPeer } from '../../../../backends/http/peer.ts'
import { parseRetryAfter } from '../../../../backends/http/retry-after.ts'
import type { Slice } from '../../batch.ts'
import { type Body, type BodyFrame, makeBodies } from '../bodies.ts'
import { compress } from '../compression.ts'
import type { Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import { RecordJson } from '../record-json.ts'
import { type PartOutcome, sendRequests } from '../requests.ts'
import { selectRecords } from '../selection.ts'
import { type HecContext, judge, readAnswer } from './answer.ts'
import type { SplunkConfig } from './config.ts'
import { EventWriter } from './event.ts'

/** Sends records to Splunk's HTTP Event Collector. */
export const openSplunk: OpenOutput<SplunkConfig> = async (config, host) => new SplunkOutput(config, host)

const NOTHING = Buffer.alloc(0)
const frame: BodyFrame = { open: NOTHING, between: NOTHING, close: NOTHING }
const MAX_ANSWER_BYTES = 64 * 1024
/** How often it is asked whether the indexers have something; Splunk recommends ten seconds at most. */
const ASK_EVERY_MS = 1000

class SplunkOutput implements Output {
  readonly limits: Limits
  readonly #config: SplunkConfig
  readonly #host: OutputHost
  readonly #auth: HttpAuth
  readonly #peer: HttpPeer
  readonly #prefix: string
  readonly #channel: string | undefined
  readonly #headers: Readonly<Record<string, string>>
  readonly #oneIndex: boolean
  /** The token does not do what `acknowledge` asks for. */
  #noAcknowledgement = false

  constructor(config: SplunkConfig, host: OutputHost) {
    const { url, token, acknowledge, channel, compress: how, headers, index = '', maxBodyBytes } = config
    this.#config = config
    this.#host = host
    this.#auth = new HttpAuth(config.auth, `${host.key}.auth`, host.clock)
    this.#prefix = new URL(url).pathname.replace(/\/+$/, '')
    this.#channel = channel ?? (acknowledge ? crypto.randomUUID() : undefined)
    this.#oneIndex = !/\{(?!\{)/.test(index)
    this.#headers = {
      ...revealed(headers),
      'content-type': config.format === 'raw' ? 'text/plain; charset=utf-8' : 'application/json',
      ...(token && { authorization: `Splunk ${token.reveal()}` }),
      ...(this.#channel !== undefined && { 'x-splunk-request-channel': this.#channel }),
      ...(how === 'none' ? {} : { 'content-encoding': how }),
    }
    this.limits = {
      // What is put around each record takes room.
      maxBytes: Math.floor(maxBodyBytes * 0.7),
      maxRecords: config.maxRecords,
      maxAgeMs: config.flushIntervalMs,
      concurrency: config.concurrency,
    }
    this.#peer = new HttpPeer(host, {
      url,
      urlKey: `${host.key}.url`,
      tls: config.tls,
      tlsKey: `${host.key}.tls`,
      maxConnections: config.concurrency,
      idleTimeoutMs: 30_000,
      timeoutMs: config.timeoutMs,
    })
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    const json = new RecordJson(undefined)
    const events = new EventWriter(this.#config, hostname(), json)
    const isRaw = this.#config.format === 'raw'
    const empty: number[] = []
    const bodies = await makeBodies(
      slices,
      {
        frame,
        keyOf: view => {
          const query = isRaw ? events.query(view) : ''
          return { id: query, key: query }
        },
        write: (view, out, ordinal) => {
          const written = events.write(view, out)
          if (!written) empty.push(ordinal)
          return written
        },
      },
      this.#host,
    )
    if (json.replaced > 0) this.#host.invalidUtf8.inc(json.replaced)
    const outcome = await sendRequests(slices, bodies, body => this.#deliver(body, signal))
    if (empty.length === 0 || outcome.kind !== 'done') return outcome
    const reason = 'its event is empty, which the collector does not take'
    const rejected = [...(outcome.rejected ?? []), { slices: selectRecords(slices, empty), reason }]
    return { ...outcome, rejected }
  }

  health(): ReturnType<NonNullable<Output['health']>> {
    if (!this.#noAcknowledgement) return { ready: true, state: 'ok' }
    const message = `the token does not acknowledge: enable it in Splunk, or remove ${this.#host.key}.acknowledge`
    return { ready: true, state: 'degraded', message }
  }

  async #deliver({ key: query, bytes, ordinals }: Body<string>, signal: AbortSignal): Promise<PartOutcome> {
    const { acknowledge, format, compress: how } = this.#config
    const path = `/services/collector/${format === 'raw' ? 'raw' : 'event'}${query === '' ? '' : `?${query}`}`
    const answer = await this.#post(path, await compress(bytes, how, this.#host), this.#headers, signal)
    if ('failure' in answer) return answer.failure
    const outcome = judge(answer.status, answer.body, ordinals, {
      ...this.#context(),
      afterMs: parseRetryAfter(answer.header('retry-after'), this.#host.clock.now()),
    })
    if (outcome.kind === 'failed' && outcome.refused) this.#auth.forget()
    const isTaken = answer.status >= 200 && answer.status < 300
    if (!acknowledge || !isTaken) return outcome
    const { ackId } = readAnswer(answer.body)
    this.#noAcknowledgement = ackId === undefined
    return ackId === undefined ? outcome : await this.#waitFor(ackId, signal)
  }

  /** Until the indexers have what was sent; what they do not have in time is sent again. */
  async #waitFor(ackId: number, signal: AbortSignal): Promise<PartOutcome> {
    const { clock } = this.#host
    const untilMs = clock.monotonic() + this.#config.acknowledgeTimeoutMs
    const { 'content-encoding': _, ...headers } = this.#headers
    const question = Buffer.from(JSON.stringify({ acks: [ackId] }))
    for (;;) {
      const answer = await this.#post(
        '/services/collector/ack',
        question,
        { ...headers, 'content-type': 'application/json' },
        signal,
      )
      if ('failure' in answer) return answer.failure
      if (answer.status !== 200) return judge(answer.status, answer.body, [], this.#context())
      if (isAcknowledged(answer.body, ackId)) return { kind: 'done' }
      if (clock.monotonic() >= untilMs)
        return {
          kind: 'failed',
          reason: `the indexers have not acknowledged within ${this.#config.acknowledgeTimeoutMs} ms`,
        }
      try {
        await clock.sleep(ASK_EVERY_MS, signal)
      } catch {
        return { kind: 'failed', reason: 'it was stopped before the indexers had acknowledged' }
      }
    }
  }

  async #post(path: string, body: Buffer, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
    const auth = await this.#auth.headers()
    if ('failure' in auth) return auth
    return await this.#peer.request(
      {
        method: 'POST',
        path: this.#prefix + path,
        headers: { ...headers, ...auth.headers },
        body,
        maxAnswerBytes: MAX_ANSWER_BYTES,
      },
      signal,
    )
  }

  #context(): HecContext {
    const { key } = this.#host
    const mendAuth = this.#config.token ? `check ${key}.token` : this.#auth.mend
    return { key, urlKey: `${key}.url`, mendAuth, oneIndex: this.#oneIndex }
  }
}

function isAcknowledged(body: Buffer, ackId: number): boolean {
  try {
    const { acks } = JSON.parse(body.toString()) as { acks?: Record<string, unknown> }
    return acks?.[String(ackId)] === true
  } catch {
    return false
  }
}
