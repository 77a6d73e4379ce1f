import { hostname } from 'node:os'
import { HttpAuth, revealed } from '../../../../backends/http/auth.ts'
import { HttpPeer } from '../../../../backends/http/peer.ts'
import { parseRetryAfter } from '../../../../backends/http/retry-after.ts'
import { inTurns, type LongWork } from '../../../../kernel/long-work.ts'
import { frameMessage } from '../../../../wire/grpc/message.ts'
import { JsonLogsEncoder } from '../../../../wire/otlp/logs/encode-json.ts'
import { ProtobufLogsEncoder } from '../../../../wire/otlp/logs/encode-protobuf.ts'
import type { RecordsEncoder } from '../../../../wire/otlp/logs/parts.ts'
import { EXPORT_METHOD, LOGS_PATH } from '../../../../wire/otlp/logs/service.ts'
import type { Slice } from '../../batch.ts'
import { RecordView } from '../../template/template.ts'
import { compress } from '../compression.ts'
import type { Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import { sendRequests } from '../requests.ts'
import { countRecords } from '../selection.ts'
import { type Judgement, judgeGrpc, judgeHttp } from './answer.ts'
import type { OtlpConfig } from './config.ts'
import { Mapping } from './mapping.ts'

/** Sends records by OTLP (opentelemetry.io, OTLP specification). */
export const openOtlp: OpenOutput<OtlpConfig> = async (config, host) => new OtlpOutput(config, host)

const RECORDS_PER_STEP = 128

class OtlpOutput implements Output {
  readonly limits: Limits
  readonly #config: OtlpConfig
  readonly #host: OutputHost
  readonly #auth: HttpAuth
  readonly #peer: HttpPeer
  readonly #path: string
  readonly #headers: Readonly<Record<string, string>>
  /** What the receiver has last said of records that it did not keep. */
  #rejection: string | undefined

  constructor(config: OtlpConfig, host: OutputHost) {
    const { protocol, concurrency, timeoutMs } = config
    this.#config = config
    this.#host = host
    this.#auth = new HttpAuth(config.auth, `${host.key}.auth`, host.clock)
    const prefix = new URL(config.url).pathname.replace(/\/+$/, '')
    const isGrpc = protocol === 'grpc'
    this.#path = isGrpc ? prefix + EXPORT_METHOD : prefix || LOGS_PATH
    this.#headers = headersOf(config)
    this.limits = {
      // Names and types around each value take room, in JSON more of it.
      maxBytes: Math.floor(config.maxBodyBytes * (protocol === 'http/json' ? 0.3 : 0.7)),
      maxRecords: config.maxRecords,
      maxAgeMs: config.flushIntervalMs,
      concurrency,
    }
    this.#peer = new HttpPeer(host, {
      url: config.url,
      urlKey: `${host.key}.url`,
      tls: config.tls,
      tlsKey: `${host.key}.tls`,
      maxConnections: isGrpc ? 1 : concurrency,
      idleTimeoutMs: 30_000,
      timeoutMs,
      protocol: isGrpc ? 'http2' : 'http1',
    })
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    const count = countRecords(slices)
    if (count === 0) return { kind: 'done' }
    const mapping = new Mapping(this.#config, hostname())
    const bytes = await inTurns(this.#encode(slices, mapping), this.#host.slice)
    if (mapping.replaced > 0) this.#host.invalidUtf8.inc(mapping.replaced)
    if (bytes.length > this.#config.maxBodyBytes && count > 1)
      return { kind: 'too_large', reason: `the request is larger than ${this.#host.key}.maxBody allows` }
    const request = { ordinals: Array.from({ length: count }, (_, ordinal) => ordinal), bytes }
    return await sendRequests(slices, [request], async () => {
      const judgement = await this.#request(bytes, signal)
      this.#note(judgement)
      return judgement.outcome
    })
  }

  health(): ReturnType<NonNullable<Output['health']>> {
    if (this.#rejection === undefined) return { ready: true, state: 'ok' }
    return { ready: true, state: 'degraded', message: this.#rejection }
  }

  *#encode(slices: readonly Slice[], mapping: Mapping): LongWork<Buffer> {
    const encoder = this.#config.protocol === 'http/json' ? new JsonLogsEncoder() : new ProtobufLogsEncoder()
    const groups = new Map<string, RecordsEncoder>()
    const view = new RecordView()
    let step = 0
    for (const { frame, from, to } of slices) {
      for (let i = from; i < to; i++) {
        const { id, resource, scope } = mapping.open(view.at(frame.batch, i))
        let group = groups.get(id)
        if (group === undefined) {
          group = encoder.group(resource(), scope())
          groups.set(id, group)
        }
        group.add(mapping)
        if (++step % RECORDS_PER_STEP === 0) yield
      }
    }
    return encoder.finish()
  }

  async #request(bytes: Buffer, signal: AbortSignal): Promise<Judgement> {
    const { key, clock } = this.#host
    const auth = await this.#auth.headers()
    if ('failure' in auth) return { outcome: auth.failure }
    const isGrpc = this.#config.protocol === 'grpc'
    const how = this.#config.compress
    const compressed = await compress(bytes, how, this.#host)
    const answer = await this.#peer.request(
      {
        method: 'POST',
        path: this.#path,
        headers: { ...this.#headers, ...auth.headers },
        body: isGrpc ? frameMessage(compressed, how !== 'none') : compressed,
        maxAnswerBytes: 64 * 1024,
      },
      signal,
    )
    if ('failure' in answer) return { outcome: answer.failure }
    const context = {
      urlKey: `${key}.url`,
      mendAuth: this.#auth.mend,
      afterMs: parseRetryAfter(answer.header('retry-after'), clock.now()),
    }
    const judgement = isGrpc
      ? judgeGrpc(answer, context)
      : judgeHttp(answer, this.#config.protocol === 'http/json' ? 'json' : 'protobuf', context)
    const { outcome } = judgement
    if (outcome.kind === 'failed' && outcome.refused) this.#auth.forget()
    return judgement
  }

  /** What a receiver keeps of a request that it has taken is its own affair: such records are never sent again. */
  #note({ outcome, partial }: Judgement): void {
    if (outcome.kind !== 'done') return
    const { rejected = 0, message = '' } = partial ?? {}
    this.#rejection = rejected === 0 ? undefined : `the receiver did not keep ${rejected} records: ${message}`
    if (rejected > 0 || message !== '')
      this.#host.log.warn('otlp_partial_success', this.#rejection ?? `the receiver says: ${message}`, {
        rejected,
      })
  }
}

function headersOf({ protocol, headers, compress: how, timeoutMs }: OtlpConfig): Record<string, string> {
  if (protocol !== 'grpc')
    return {
      ...revealed(headers),
      'content-type': protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
      ...(how === 'none' ? {} : { 'content-encoding': how }),
    }
  return {
    ...revealed(headers),
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': `${Math.min(timeoutMs, 99_999_999)}m`,
    ...(how === 'none' ? {} : { 'grpc-encoding': how }),
  }
}
