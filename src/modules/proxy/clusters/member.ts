import type { Timer } from '../../../kernel/clock/clock.ts'
import type { Endpoint } from './cluster.ts'

/** What discovery says of one endpoint. */
export interface EndpointSpec {
  readonly host: string
  readonly port: number
  readonly socketPath?: string
  readonly weight: number
  readonly zone?: string
  readonly identity?: string
}

export function keyOf({ host, port, socketPath }: EndpointSpec): string {
  if (socketPath !== undefined) return socketPath
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** An endpoint with all that its cluster keeps of it. The same object for as long as the endpoint is listed. */
export class Member implements Endpoint {
  readonly key: string
  readonly host: string
  readonly port: number
  readonly socketPath?: string
  weight: number
  zone?: string
  identity?: string

  /** Calls under way. */
  active = 0
  /** Peak EWMA: the estimate in milliseconds, and when it was last touched (monotonic). */
  costMs: number
  costAtMs: number
  /** Monotonic time at which it began to take traffic; slow start counts from here. */
  startedMs: number
  /** It is still warming up; cleared by the first look after the slow-start window. */
  warming: boolean

  /** False once it is taken off the list; calls under way go on. */
  listed = true
  /** What active checks say; undefined until the first verdict, and for ever where there are none. */
  checked: boolean | undefined
  /** Outlier detection keeps it out. */
  ejected = false
  ejections = 0
  ejectedUntil: Timer | undefined
  consecutiveErrors = 0
  consecutiveGatewayErrors = 0
  /** Of the present interval. */
  successes = 0
  failures = 0
  latencySumMs = 0
  answers = 0

  constructor(spec: EndpointSpec, nowMs: number, warming: boolean) {
    this.key = keyOf(spec)
    this.host = spec.host
    this.port = spec.port
    if (spec.socketPath !== undefined) this.socketPath = spec.socketPath
    this.weight = spec.weight
    if (spec.zone !== undefined) this.zone = spec.zone
    if (spec.identity !== undefined) this.identity = spec.identity
    this.costMs = DEFAULT_COST_MS
    this.costAtMs = nowMs
    this.startedMs = nowMs
    this.warming = warming
  }
}

/** The latency that an endpoint is thought to have before it has answered. */
export const DEFAULT_COST_MS = 30
