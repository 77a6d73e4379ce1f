import type { InputHost } from '../input.ts'
import type { RefusalReason } from './refused.ts'

/** What an input that is sent to tells of itself; the same metrics for all of them. */
export class NetworkMeters {
  readonly connections: { inc(): void; dec(): void }
  readonly bytes: { inc(by: number): void }
  readonly records: { inc(by: number): void }
  readonly #host: InputHost
  readonly #refused: (reason: RefusalReason) => void

  constructor(host: InputHost) {
    const { metrics, name } = host
    this.#host = host
    this.connections = metrics
      .gauge('network_connections', 'Connections of senders that are open.', ['input'])
      .with(name)
    this.bytes = metrics
      .counter('network_received_bytes_total', 'Bytes that senders have sent.', ['input'])
      .with(name)
    this.records = metrics
      .counter('network_records_total', 'Records, or lines, of senders that are safe.', ['input'])
      .with(name)
    const refused = metrics.counter(
      'network_refused_total',
      'Connections, messages and datagrams that were not taken.',
      ['input', 'reason'],
    )
    this.#refused = reason => refused.with(name, reason).inc()
  }

  refused(reason: RefusalReason, message: string, from: string): void {
    const { log, name } = this.#host
    this.#refused(reason)
    const fields = { input: name, reason, ...(from && { from }) }
    // Each end of a connection that nothing came from is no news.
    if (reason === 'idle') log.debug('sender_refused', message, fields)
    else log.warn('sender_refused', message, fields)
  }
}
