import { hostname } from 'node:os'
import { HttpAuth, revealed } from '../../../../backends/http/auth.ts'
import { HttpPeer } from '../../../../backends/http/peer.ts'
import { parseRetryAfter } from '../../../../backends/http/retry-after.ts'
import { inTurns } from '../../../../kernel/long-work.ts'
import { encodePush } from '../../../../wire/loki/push.ts'
import type { Slice } from '../../batch.ts'
import { compress } from '../compression.ts'
import type { Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import { type PartOutcome, sendRequests } from '../requests.ts'
import type { LokiConfig } from './config.ts'
import { judgePush } from './push-answer.ts'
import { planOf, type StreamPlan, Streams, type TenantPush } from './streams.ts'

/** Sends records to Grafana Loki. */
export const openLoki: OpenOutput<LokiConfig> = async (config, host) => new LokiOutput(config, host)

const recordsPerStep = 128
/** Timestamp and lengths of a line. */
const entryOverheadBytes = 24

class LokiOutput implements Output {
  readonly limits: Limits
  readonly #host: OutputHost
  readonly #peer: HttpPeer
  readonly #auth: HttpAuth
  readonly #plan: StreamPlan
  readonly #path: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(config: LokiConfig, host: OutputHost) {
    this.#host = host
    this.#plan = planOf(config, hostname())
    this.#path = pushPath(config.url)
    this.#auth = new HttpAuth(config.auth, `${host.key}.auth`, host.clock)
    this.#headers = {
      ...revealed(config.headers),
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
    }
    const overhead = Math.floor(config.maxBodyBytes / 5)
    this.limits = {
      maxBytes: config.maxBodyBytes - overhead,
      maxRecords: Math.floor(overhead / entryOverheadBytes),
      maxAgeMs: config.flushIntervalMs,
      concurrency: config.concurrency,
    }
    this.#peer = new HttpPeer(host, {
      url: config.url,
      urlKey: `${host.key}.url`,
      tls: config.tls,
      tlsKey: `${host.key}.tls`,
      maxConnections: config.concurrency,
      idleTimeoutMs: 30_000,
      timeoutMs: config.timeoutMs,
    })
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    const streams = new Streams(this.#plan)
    for (const { frame, from, to } of slices) {
      for (let at = from; at < to; at += recordsPerStep) {
        const pause = this.#host.slice()
        if (pause) await pause
        streams.add({ frame, from: at, to: Math.min(to, at + recordsPerStep) })
      }
    }
    if (streams.replaced > 0) this.#host.invalidUtf8.inc(streams.replaced)
    return await sendRequests(slices, streams.pushes(), push => this.#push(push, signal))
  }

  async #push(push: TenantPush, signal: AbortSignal): Promise<PartOutcome> {
    const { key, slice, clock } = this.#host
    const auth = await this.#auth.headers()
    if ('failure' in auth) return auth.failure
    const headers: Record<string, string> = { ...this.#headers, ...auth.headers }
    if (push.tenant !== undefined) headers['x-scope-orgid'] = push.tenant
    const body = await compress(await inTurns(encodePush(push.streams), slice), 'snappy', this.#host)
    const answer = await this.#peer.request(
      { method: 'POST', path: this.#path, headers, body, maxAnswerBytes: 1024 * 1024 },
      signal,
    )
    if ('failure' in answer) return answer.failure
    if (answer.status === 401) this.#auth.forget()
    return judgePush(push, answer, {
      urlKey: `${key}.url`,
      tenantKey: `${key}.tenant`,
      mendAuth: this.#auth.mend,
      afterMs: parseRetryAfter(answer.header('retry-after'), clock.now()),
    })
  }
}

function pushPath(url: string): string {
  const path = new URL(url).pathname.replace(/\/+$/, '')
  return path.endsWith('/push') ? path : `${path}/loki/api/v1/push`
}
