import { DeadlineWheel } from '../../../http/deadline-wheel.ts'
import type { ServerRequest } from '../../../http/server/request.ts'
import type { ServerResponse } from '../../../http/server/response.ts'
import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Counter, Gauge } from '../../../kernel/metrics/metrics.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import type { Faults } from '../faults/faults.ts'
import type { Observer } from '../observation/observed.ts'
import type { RequestView } from '../request.ts'
import type { Backend, Match, Rule } from '../routing/route.ts'
import type { EndpointClients } from './endpoint-clients.ts'
import { Exchange } from './exchange.ts'
import type { FailureLog } from './failure-log.ts'
import type { Gate } from './gate.ts'
import { type ProxyMetrics, TargetMetrics } from './metrics.ts'
import { Mirrors } from './mirror.ts'
import type { EncodedSlashes } from './path.ts'
import type { RequestHop } from './request-fields.ts'
import type { Tunnels } from './tunnels.ts'

/** What decides over the requests of one listener. Replaced as a whole by a reload; requests under way keep theirs. */
export interface Decisions {
  readonly hop: RequestHop
  readonly encodedSlashes: EncodedSlashes
  /** Of a request's body; Infinity: no limit. */
  readonly maxBodyBytes: number
  readonly underscores: 'keep' | 'drop' | 'refuse'
  /** What an authority without a port means. */
  readonly port: number
  find(view: RequestView): Match | undefined
  cluster(name: string): RunningCluster | undefined
  /** Access rules and limits; undefined: there are none. */
  readonly gate: Gate | undefined
  readonly faults: Faults | undefined
}

export interface ForwarderParts {
  readonly listener: string
  readonly clock: Clock
  readonly metrics: ProxyMetrics
  readonly clients: EndpointClients
  readonly failures: FailureLog
  readonly tunnels: Tunnels
  /** 0 ≤ n < 1. */
  readonly random: () => number
}

/** Series of routes that are remembered; a reload makes new ones. */
const MAX_TARGETS = 4096

/** Takes the requests of one listener to their backends. */
export class Forwarder {
  readonly parts: ForwarderParts
  readonly wheel: DeadlineWheel
  readonly inFlight: Gauge
  readonly bytesIn: Counter
  readonly bytesOut: Counter
  decisions: Decisions
  /** Undefined while nobody watches. */
  observer: Observer | undefined
  readonly mirrors: Mirrors
  readonly #none: TargetMetrics
  #targets = new Map<Backend | Rule, TargetMetrics>()

  constructor(parts: ForwarderParts, decisions: Decisions) {
    this.parts = parts
    this.decisions = decisions
    this.wheel = new DeadlineWheel(parts.clock, 50)
    const { metrics, listener } = parts
    this.inFlight = metrics.inFlight.with(listener)
    this.bytesIn = metrics.bytes.with(listener, 'received')
    this.bytesOut = metrics.bytes.with(listener, 'sent')
    this.mirrors = new Mirrors(parts)
    this.#none = new TargetMetrics(metrics, listener, '', '')
  }

  /** A handler for the HTTP server. Bound. */
  readonly handle = (request: ServerRequest, response: ServerResponse): void => {
    new Exchange(this, request, response).begin()
  }

  /** The same for a request over which others decide. */
  handleBy(decisions: Decisions, request: ServerRequest, response: ServerResponse): void {
    new Exchange(this, request, response, decisions).begin()
  }

  target(rule: Rule | undefined, backend: Backend | undefined): TargetMetrics {
    const key = backend ?? rule
    if (key === undefined) return this.#none
    let target = this.#targets.get(key)
    if (target === undefined) {
      if (this.#targets.size >= MAX_TARGETS) this.#targets = new Map()
      const { metrics, listener } = this.parts
      target = new TargetMetrics(
        metrics,
        listener,
        rule?.name ?? '',
        backend?.label ?? backend?.cluster ?? '',
      )
      this.#targets.set(key, target)
    }
    return target
  }
}
