import type { Counter, Family } from '../../../../kernel/metrics/metrics.ts'
import type { Host } from '../../../../kernel/module.ts'
import { type AccessLogConfig, placeOf } from './config.ts'
import { LineQueue, type LineTarget } from './line-queue.ts'
import { DescriptorTarget, FileTarget, LogsTarget } from './line-target.ts'

/** One queue for each place that lines go to, whoever writes there. */
export class LineQueues {
  readonly #host: Host
  readonly #queues = new Map<string, LineQueue>()
  readonly #written: Family<Counter>
  readonly #dropped: Family<Counter>
  readonly #closing = new Set<Promise<void>>()

  constructor(host: Host) {
    this.#host = host
    this.#written = host.metrics.counter(
      'access_log_lines_total',
      'Lines of access logs that were written, by their place.',
      ['to'],
    )
    this.#dropped = host.metrics.counter(
      'access_log_dropped_total',
      'Lines of access logs that were dropped because their place is slow or takes none.',
      ['to'],
    )
  }

  get(log: AccessLogConfig): LineQueue {
    return this.#queues.get(placeOf(log))!
  }

  /** Opens what these logs need, and lets go what they do not. */
  keep(logs: readonly AccessLogConfig[]): void {
    const wanted = new Map(logs.map(log => [placeOf(log), log]))
    for (const [place, queue] of this.#queues) {
      if (wanted.has(place)) continue
      this.#queues.delete(place)
      const closing = queue.close().finally(() => this.#closing.delete(closing))
      this.#closing.add(closing)
    }
    for (const [place, log] of wanted) {
      const queue = this.#queues.get(place)
      if (queue === undefined) this.#queues.set(place, this.#open(place, log))
      else queue.maxBytes = log.bufferBytes
    }
  }

  /** Resolves once all that waits now is written, or lost. */
  async flush(): Promise<void> {
    await Promise.all([...this.#queues.values()].map(queue => queue.flush()))
  }

  async close(): Promise<void> {
    this.keep([])
    await Promise.all(this.#closing)
  }

  #open(place: string, log: AccessLogConfig): LineQueue {
    const { clock, log: messages } = this.#host
    return new LineQueue({
      target: this.#target(log),
      clock,
      maxBytes: log.bufferBytes,
      written: this.#written.with(place),
      dropped: this.#dropped.with(place),
      onFailure: error =>
        messages.warn('access_log_failed', `lines of the access log were lost: ${error.message}`, {
          to: place,
        }),
    })
  }

  #target({ to }: AccessLogConfig): LineTarget {
    switch (to.kind) {
      case 'file':
        return new FileTarget(to.config.path)
      case 'stdout':
        return new DescriptorTarget(1, this.#host.clock)
      case 'stderr':
        return new DescriptorTarget(2, this.#host.clock)
      case 'logs':
        return new LogsTarget(this.#host)
    }
  }
}
