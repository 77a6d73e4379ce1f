import type { ServerRequest } from '../../../http/server/request.ts'
import type { Host } from '../../../kernel/module.ts'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import { AccessLog } from './access-log/access-log.ts'
import { type AccessLogConfig, placeOf } from './access-log/config.ts'
import { LineQueues } from './access-log/line-queues.ts'
import { type Conclusion, Observed, type Observer, type Witness } from './observed.ts'

/** What can be watched: the part of a listener that takes its requests. */
export interface Watchable {
  /** Undefined while nobody watches: then a request costs nothing more. */
  observer: Observer | undefined
}

/** Everybody who watches the proxy's requests, listener by listener. */
export class Observation implements AsyncDisposable {
  readonly #host: Host
  readonly #queues: LineQueues
  readonly #watched = new Map<string, Watchable>()
  #config: ProxyConfig

  constructor(config: ProxyConfig, host: Host) {
    this.#config = config
    this.#host = host
    this.#queues = new LineQueues(host)
    this.#queues.keep(logsOf(config))
  }

  /** From now on the listener of this name is watched as the configuration says. */
  attach(listener: string, watched: Watchable): void {
    this.#watched.set(listener, watched)
    this.#watch(listener, watched)
  }

  /** Takes a checked configuration over; requests under way are written as before. */
  update(config: ProxyConfig): void {
    this.#config = config
    this.#queues.keep(logsOf(config))
    for (const [listener, watched] of this.#watched) this.#watch(listener, watched)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queues.close()
  }

  #watch(listener: string, watched: Watchable): void {
    const own = this.#config.listeners.find(({ name, listen }) => (name ?? listen) === listener)
    const logs = own === undefined ? [] : logsFor(this.#config, own)
    watched.observer =
      logs.length === 0
        ? undefined
        : new ListenerObserver(
            listener,
            this.#host,
            logs.map(log => new AccessLog(log, this.#queues.get(log), Math.random)),
          )
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

class ListenerObserver implements Observer, Witness {
  readonly #listener: string
  readonly #host: Host
  readonly #logs: readonly AccessLog[]

  constructor(listener: string, host: Host, logs: readonly AccessLog[]) {
    this.#listener = listener
    this.#host = host
    this.#logs = logs
  }

  begin(request: ServerRequest, startMs: number): Observed {
    return new Observed(this.#listener, request, this.#host.clock.now(), startMs, this)
  }

  ended(observed: Observed, conclusion: Conclusion): void {
    for (const log of this.#logs) log.write(observed, conclusion)
  }
}
