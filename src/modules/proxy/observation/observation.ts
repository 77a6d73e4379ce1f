import { isDeepStrictEqual } from 'node:util'
import packageFile from '../../../../package.json' with { type: 'json' }
import type { ServerRequest } from '../../../http/server/request.ts'
import type { Counter, Family } from '../../../kernel/metrics/metrics.ts'
import type { Host } from '../../../kernel/module.ts'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import { AccessLog } from './access-log/access-log.ts'
import { type AccessLogConfig, placeOf } from './access-log/config.ts'
import { LineQueues } from './access-log/line-queues.ts'
import { type Conclusion, Observed, type Observer, type Other, type Witness } from './observed.ts'
import { Redaction } from './redaction.ts'
import { type RequestIdMode, requestIdOf } from './request-id.ts'
import { Taps } from './tap/taps.ts'
import { Exporter } from './tracing/exporter.ts'
import { Ids } from './tracing/ids.ts'
import { Tracer } from './tracing/tracer.ts'

/** What can be watched: the part of a listener that takes its requests. */
export interface Watchable {
  /** Undefined while nobody watches: then a request costs nothing more. */
  observer: Observer | undefined
}

/** Everybody who watches the proxy's requests, listener by listener. */
export class Observation implements AsyncDisposable {
  readonly #host: Host
  readonly #queues: LineQueues
  readonly #taps: Taps
  readonly #watched = new Map<string, Watchable>()
  readonly #exported: Family<Counter>
  readonly #lost: Family<Counter>
  #config: ProxyConfig
  #exporter: Exporter | undefined
  #tracer: Tracer | undefined

  constructor(config: ProxyConfig, host: Host) {
    this.#config = config
    this.#host = host
    this.#queues = new LineQueues(host)
    this.#taps = new Taps(host, () => this.#watchAll())
    this.#exported = host.metrics.counter('spans_exported_total', 'Spans that the collector has taken.')
    this.#lost = host.metrics.counter(
      'spans_dropped_total',
      'Spans that were lost: the queue was full, the collector refused them or could not be reached.',
      ['reason'],
    )
    this.#queues.keep(logsOf(config))
    this.#trace(config)
  }

  /** From now on the listener of this name is watched as the configuration says. */
  attach(listener: string, watched: Watchable): void {
    this.#watched.set(listener, watched)
    this.#watch(listener, watched)
  }

  /** Takes a checked configuration over; requests under way are written as before. */
  update(config: ProxyConfig): void {
    const before = this.#config
    this.#config = config
    this.#queues.keep(logsOf(config))
    if (!isDeepStrictEqual(before.tracing, config.tracing)) this.#trace(config)
    this.#watchAll()
  }

  /** Resolves once the access logs are written as far as requests have ended. */
  flush(): Promise<void> {
    return this.#queues.flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#taps[Symbol.dispose]()
    await Promise.all([this.#exporter?.[Symbol.asyncDispose](), this.#queues.close()])
  }

  #trace({ tracing }: ProxyConfig): void {
    void this.#exporter?.[Symbol.asyncDispose]()
    this.#exporter = undefined
    this.#tracer = undefined
    if (tracing === undefined) return
    const { clock, log } = this.#host
    const { version } = packageFile
    if (tracing.otlp !== undefined)
      this.#exporter = new Exporter(tracing.otlp, {
        clock,
        log,
        version,
        random: Math.random,
        exported: this.#exported.with(),
        dropped: this.#lost,
        resource: {
          'service.name': tracing.service,
          'telemetry.sdk.name': 'outrigger',
          'telemetry.sdk.language': 'nodejs',
          'telemetry.sdk.version': version,
          ...tracing.attributes,
        },
      })
    const parts = { ids: new Ids(), clock, sink: this.#exporter, redaction: new Redaction() }
    this.#tracer = new Tracer(tracing, parts, Math.random)
  }

  #watchAll(): void {
    for (const [listener, watched] of this.#watched) this.#watch(listener, watched)
  }

  #watch(listener: string, watched: Watchable): void {
    const own = this.#config.listeners.find(({ name, listen }) => (name ?? listen) === listener)
    const logs = own === undefined ? [] : logsFor(this.#config, own)
    const { requestId } = this.#config
    const isTold = logs.length > 0 || this.#tracer !== undefined
    // A tap looks on: it changes nothing of the requests.
    const ids = requestId ?? (isTold ? 'generate' : 'keep')
    const taps = this.#taps.isOpen ? this.#taps : undefined
    const isWatched = isTold || ids !== 'keep' || taps !== undefined
    watched.observer = isWatched
      ? new ListenerObserver(listener, {
          host: this.#host,
          logs: logs.map(log => new AccessLog(log, this.#queues.get(log), Math.random)),
          tracer: this.#tracer,
          requestId: ids,
          taps,
        })
      : undefined
  }
}

/** A listener's own logs stand for those of the proxy. */
function logsFor(config: ProxyConfig, listener: ListenerConfig): readonly AccessLogConfig[] {
  return listener.accessLog ?? config.accessLog
}

function logsOf(config: ProxyConfig): AccessLogConfig[] {
  const all = config.listeners.flatMap(listener => logsFor(config, listener))
  return [...new Map(all.map(log => [placeOf(log), log])).values()]
}

interface ObserverParts {
  readonly host: Host
  readonly logs: readonly AccessLog[]
  readonly tracer: Tracer | undefined
  readonly requestId: RequestIdMode
  readonly taps: Taps | undefined
}

class ListenerObserver implements Observer, Witness {
  readonly #listener: string
  readonly #parts: ObserverParts

  constructor(listener: string, parts: ObserverParts) {
    this.#listener = listener
    this.#parts = parts
  }

  beginOther(other: Other, startMs: number): Observed {
    return new Observed(this.#listener, other, {
      startedAtMs: this.#parts.host.clock.now(),
      startMs,
      requestId: undefined,
      trace: undefined,
      witness: this,
    })
  }

  begin(request: ServerRequest, startMs: number): Observed {
    const { host, tracer, requestId } = this.#parts
    return new Observed(this.#listener, request, {
      startedAtMs: host.clock.now(),
      startMs,
      requestId: requestIdOf(request.headers, requestId),
      trace: tracer?.begin(request),
      witness: this,
    })
  }

  ended(observed: Observed, conclusion: Conclusion): void {
    const { logs, taps } = this.#parts
    for (const log of logs) log.write(observed, conclusion)
    taps?.show(observed, conclusion)
  }
}
