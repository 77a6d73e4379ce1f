import type { Counter, Family, Gauge, Histogram, Metrics } from '../../../kernel/metrics/metrics.ts'
import type { FailureCode } from '../failure.ts'

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What all listeners count. */
export class ProxyMetrics {
  readonly requests: Family<Counter>
  readonly seconds: Family<Histogram>
  readonly inFlight: Family<Gauge>
  readonly retries: Family<Counter>
  readonly bytes: Family<Counter>
  readonly connections: Family<Gauge>
  readonly rejected: Family<Counter>
  readonly mirrored: Family<Counter>
  readonly tunnels: Family<Gauge>
  readonly tunnelsEnded: Family<Counter>

  constructor(metrics: Metrics) {
    const target = ['listener', 'route', 'cluster']
    this.requests = metrics.counter(
      'requests_total',
      'Requests, by the class of the status, by why there was no answer of the backend, and by the verified identity of the client.',
      [...target, 'class', 'failure', 'source'],
    )
    this.seconds = metrics.histogram(
      'request_duration_seconds',
      'From a request to the end of its answer.',
      SECONDS,
      target,
    )
    this.inFlight = metrics.gauge('requests_in_flight', 'Requests under way.', ['listener'])
    this.retries = metrics.counter('retries_total', 'Tries after the first.', target)
    this.bytes = metrics.counter('bytes_total', 'Bytes of bodies and tunnels.', ['listener', 'direction'])
    this.connections = metrics.gauge('connections', 'Connections of clients.', ['listener'])
    this.tunnels = metrics.gauge('tunnels', 'Tunnels, those that are being made included.', ['listener'])
    this.tunnelsEnded = metrics.counter(
      'tunnels_ended_total',
      'Tunnels by why they ended: closed by one of their ends, idle, at the deadline of a drain, or refused for their number.',
      ['listener', 'reason'],
    )
    this.rejected = metrics.counter(
      'rejected_requests_total',
      'Requests that are not the HTTP that is accepted, by what is wrong with them and by the code of the failure.',
      ['listener', 'reason', 'failure'],
    )
    this.mirrored = metrics.counter(
      'mirrored_requests_total',
      'Copies of requests, by what became of them: answered, failed, unavailable (no endpoint took it) or dropped (too many, too slow, or the original broke off).',
      ['listener', 'cluster', 'result'],
    )
  }
}

/** Identities that are counted by themselves, for each route to a cluster; all others together are `other`. */
const MAX_SOURCES = 256

/** The bound series of one route to one cluster: counting a request allocates nothing. */
export class TargetMetrics {
  readonly #metrics: ProxyMetrics
  readonly #labels: readonly [string, string, string]
  readonly #unknown: SourceCounts
  #known: Map<string, SourceCounts> | undefined
  readonly seconds: Histogram
  readonly retries: Counter

  constructor(metrics: ProxyMetrics, listener: string, route: string, cluster: string) {
    this.#metrics = metrics
    this.#labels = [listener, route, cluster]
    this.#unknown = new SourceCounts(metrics, this.#labels, '')
    this.seconds = metrics.seconds.with(listener, route, cluster)
    this.retries = metrics.retries.with(listener, route, cluster)
  }

  /** `source` is the identity that the client has proved. */
  count(status: number, failure: FailureCode | undefined, source?: string): void {
    const counts = source === undefined ? this.#unknown : this.#of(source)
    counts.count(status, failure)
  }

  #of(source: string): SourceCounts {
    this.#known ??= new Map()
    let counts = this.#known.get(source)
    if (counts === undefined && this.#known.size >= MAX_SOURCES) {
      source = 'other'
      counts = this.#known.get(source)
    }
    if (counts === undefined) {
      counts = new SourceCounts(this.#metrics, this.#labels, source)
      this.#known.set(source, counts)
    }
    return counts
  }
}

/** What one client has asked of one target. */
class SourceCounts {
  readonly #metrics: ProxyMetrics
  readonly #labels: readonly [string, string, string]
  readonly #source: string
  readonly #byClass: (Counter | undefined)[] = []
  #byFailure: Map<FailureCode, Counter> | undefined

  constructor(metrics: ProxyMetrics, labels: readonly [string, string, string], source: string) {
    this.#metrics = metrics
    this.#labels = labels
    this.#source = source
  }

  count(status: number, failure: FailureCode | undefined): void {
    if (failure !== undefined) this.#failed(status, failure).inc()
    else {
      const digit = Math.floor(status / 100)
      const counter = (this.#byClass[digit] ??= this.#counter(status, ''))
      counter.inc()
    }
  }

  #failed(status: number, failure: FailureCode): Counter {
    this.#byFailure ??= new Map()
    let counter = this.#byFailure.get(failure)
    if (counter === undefined) {
      counter = this.#counter(status, failure)
      this.#byFailure.set(failure, counter)
    }
    return counter
  }

  #counter(status: number, failure: FailureCode | ''): Counter {
    return this.#metrics.requests.with(
      ...this.#labels,
      `${Math.floor(status / 100)}xx`,
      failure,
      this.#source,
    )
  }
}
