import { readFile } from 'node:fs/promises'
import { createHttpClient, type HttpClient } from '../../../../http/client/client.ts'
import type { Clock, Timer } from '../../../../kernel/clock/clock.ts'
import type { Log } from '../../../../kernel/log/log.ts'
import type { Counter, Family } from '../../../../kernel/metrics/metrics.ts'
import { encodeJson } from '../../../../wire/otlp/json.ts'
import { encodeProtobuf } from '../../../../wire/otlp/protobuf.ts'
import type { Attributes, Span } from '../../../../wire/otlp/span.ts'
import type { OtlpConfig } from './config.ts'
import { type Answer, answerOf } from './export-answer.ts'
import type { SpanSink } from './request-trace.ts'

export interface ExporterParts {
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly exported: Counter
  /** By reason: queue_full, refused, unreachable. */
  readonly dropped: Family<Counter>
  readonly resource: Attributes
  readonly version: string
}

const FIRST_WAIT_MS = 500
const MAX_WAIT_MS = 30_000
/** Tries of one batch; then newer spans are worth more. */
const MAX_TRIES = 8
/** How long the last spans may take at the end. */
const LAST_MS = 3000

/** Sends spans in batches, one at a time; what waits is bounded, and what is lost is counted with its reason. */
export class Exporter implements SpanSink, AsyncDisposable {
  readonly #config: OtlpConfig
  readonly #parts: ExporterParts
  readonly #stop = new AbortController()
  #client: Promise<HttpClient> | undefined
  #queue: Span[] = []
  #timer: Timer | undefined
  #sending: Promise<void> | undefined
  #ending = false

  constructor(config: OtlpConfig, parts: ExporterParts) {
    this.#config = config
    this.#parts = parts
  }

  put(span: Span): void {
    const { maxQueue, maxBatch, intervalMs } = this.#config
    if (this.#queue.length >= maxQueue || this.#ending) {
      this.#parts.dropped.with('queue_full').inc()
      return
    }
    this.#queue.push(span)
    if (this.#sending !== undefined) return
    if (this.#queue.length >= maxBatch) this.#send()
    else this.#timer ??= this.#parts.clock.timeout(intervalMs, () => this.#send())
  }

  /** Sends what waits, within a few seconds. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true
    this.#timer?.cancel()
    const late = this.#parts.clock.timeout(LAST_MS, () =>
      this.#stop.abort(new Error('the sidecar ends, and the collector has not answered')),
    )
    while (this.#sending !== undefined || this.#queue.length > 0) {
      if (this.#sending === undefined) this.#send()
      await this.#sending
    }
    late.cancel()
    this.#stop.abort(new Error('the exporter is closed'))
    const client = await this.#client?.catch(() => undefined)
    client?.close()
  }

  #send(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const batch = this.#queue.splice(0, this.#config.maxBatch)
    this.#sending = this.#deliver(batch).then(() => {
      this.#sending = undefined
      if (this.#queue.length === 0 || this.#ending) return
      if (this.#queue.length >= this.#config.maxBatch) this.#send()
      else this.#timer ??= this.#parts.clock.timeout(this.#config.intervalMs, () => this.#send())
    })
  }

  /** Never rejects. */
  async #deliver(batch: readonly Span[]): Promise<void> {
    const { resource, version, exported, dropped, log, clock, random } = this.#parts
    const exporting = { resource, scope: { name: 'outrigger', version }, spans: batch }
    const body = this.#config.encoding === 'json' ? encodeJson(exporting) : encodeProtobuf(exporting)
    for (let tries = 1; ; tries++) {
      const answer = await this.#post(body)
      if (answer.kind === 'taken') {
        exported.inc(batch.length - Math.min(answer.rejected, batch.length))
        if (answer.rejected > 0) dropped.with('refused').inc(Math.min(answer.rejected, batch.length))
        if (answer.message !== '')
          log.warn('spans_refused', `the collector did not take all spans: ${answer.message}`)
        return
      }
      const final = answer.kind === 'refused' || tries >= MAX_TRIES || this.#stop.signal.aborted
      if (final) {
        dropped.with(answer.kind === 'refused' ? 'refused' : 'unreachable').inc(batch.length)
        log.warn('spans_lost', `${batch.length} spans did not reach the collector: ${answer.message}`)
        return
      }
      const bound = Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), MAX_WAIT_MS)
      const waitMs = answer.retryAfterMs ?? bound / 2 + (random() * bound) / 2
      await clock.sleep(Math.min(waitMs, MAX_WAIT_MS), this.#stop.signal).catch(() => {})
    }
  }

  async #post(body: Buffer): Promise<Answer> {
    const { url, encoding, timeoutMs, headers } = this.#config
    const { pathname, search } = new URL(url)
    const own = Object.entries(headers).map(([name, value]) => [name, value.reveal()] as const)
    try {
      this.#client ??= this.#open()
      const client = await this.#client
      const response = await client.request({
        method: 'POST',
        path: pathname + search,
        headers: {
          'Content-Type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
          'User-Agent': `outrigger/${this.#parts.version}`,
          ...Object.fromEntries(own),
        },
        body,
        timeoutMs,
        signal: this.#stop.signal,
      })
      return await answerOf(response, encoding, this.#parts.clock)
    } catch (error) {
      return { kind: 'failed', message: (error as Error).message, retryAfterMs: undefined }
    }
  }

  async #open(): Promise<HttpClient> {
    const { url, ca } = this.#config
    try {
      const tls = ca === undefined ? undefined : { ca: await readFile(ca) }
      return createHttpClient({
        origin: new URL(url),
        clock: this.#parts.clock,
        maxConnections: 1,
        ...(tls && { tls }),
      })
    } catch (error) {
      this.#client = undefined
      throw error
    }
  }
}
