import { hostname } from 'node:os'
import { revealed } from '../../../../backends/http/auth.ts'
import { HttpPeer } from '../../../../backends/http/peer.ts'
import { parseRetryAfter } from '../../../../backends/http/retry-after.ts'
import type { Slice } from '../../batch.ts'
import { type BodyFrame, makeBodies } from '../bodies.ts'
import { compress } from '../compression.ts'
import { excerpt, outcomeOf } from '../http-status.ts'
import type { Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import { RecordJson } from '../record-json.ts'
import { type PartOutcome, sendRequests } from '../requests.ts'
import { selectRecords } from '../selection.ts'
import type { DatadogConfig } from './config.ts'
import { EntryWriter } from './entry.ts'

/** Sends records to the logs intake of Datadog (its API reference, "Send logs" version 2). */
export const openDatadog: OpenOutput<DatadogConfig> = async (config, host) => new DatadogOutput(config, host)

/** A longer entry is cut off by the intake, which nobody would notice. */
const MAX_ENTRY_BYTES = 1_000_000
const frame: BodyFrame = { open: Buffer.from('['), between: Buffer.from(','), close: Buffer.from(']') }
const target = { id: '', key: undefined }

class DatadogOutput implements Output {
  readonly limits: Limits
  readonly #config: DatadogConfig
  readonly #host: OutputHost
  readonly #peer: HttpPeer
  readonly #path: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(config: DatadogConfig, host: OutputHost) {
    this.#config = config
    this.#host = host
    const url = config.url ?? `https://http-intake.logs.${config.site}/api/v2/logs`
    const { pathname } = new URL(url)
    this.#path = pathname === '/' ? '/api/v2/logs' : pathname
    this.#headers = {
      ...revealed(config.headers),
      'content-type': 'application/json',
      'dd-api-key': config.apiKey.reveal(),
      ...(config.compress === 'none' ? {} : { 'content-encoding': config.compress }),
    }
    this.limits = {
      // What is added to a record must fit, too.
      maxBytes: Math.floor(config.maxBodyBytes * 0.8),
      maxRecords: config.maxRecords,
      maxAgeMs: config.flushIntervalMs,
      concurrency: config.concurrency,
    }
    this.#peer = new HttpPeer(host, {
      url,
      urlKey: `${host.key}.${config.url === undefined ? 'site' : 'url'}`,
      tls: config.tls,
      tlsKey: `${host.key}.tls`,
      maxConnections: config.concurrency,
      idleTimeoutMs: 20_000,
      timeoutMs: config.timeoutMs,
    })
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    const json = new RecordJson(undefined)
    const entry = new EntryWriter(this.#config, hostname(), json)
    const tooLarge: number[] = []
    const bodies = await makeBodies(
      slices,
      {
        frame,
        keyOf: () => target,
        write: (view, out, ordinal) => {
          const before = out.length
          entry.write(view, out)
          if (out.length - before <= MAX_ENTRY_BYTES) return true
          tooLarge.push(ordinal)
          return false
        },
      },
      this.#host,
    )
    if (json.replaced > 0) this.#host.invalidUtf8.inc(json.replaced)
    const outcome = await sendRequests(slices, bodies, ({ bytes }) => this.#request(bytes, signal))
    if (tooLarge.length === 0 || outcome.kind !== 'done') return outcome
    const reason = 'the record is larger than 1 MB, of which Datadog would cut off the rest'
    const rejected = [...(outcome.rejected ?? []), { slices: selectRecords(slices, tooLarge), reason }]
    return { ...outcome, rejected }
  }

  async #request(bytes: Buffer, signal: AbortSignal): Promise<PartOutcome> {
    const { key, clock } = this.#host
    const body = await compress(bytes, this.#config.compress, this.#host)
    const answer = await this.#peer.request(
      { method: 'POST', path: this.#path, headers: this.#headers, body, maxAnswerBytes: 64 * 1024 },
      signal,
    )
    if ('failure' in answer) return answer.failure
    return outcomeOf(answer.status, excerpt(answer.body), {
      urlKey: `${key}.site`,
      mendAuth: `check ${key}.apiKey, and that the account is on ${key}.site`,
      afterMs: parseRetryAfter(answer.header('retry-after'), clock.now()),
      rejects: [400],
    })
  }
}
