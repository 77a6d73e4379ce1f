import type { FailureCode } from '../failure.ts'

/** One place where a backend listens. The same endpoint is the same object for as long as it is listed. */
export interface Endpoint {
  /** `10.0.0.1:8080`, `[::1]:8080` or the path of a Unix socket: unique in its cluster. */
  readonly key: string
  readonly host: string
  readonly port: number
  /** The path of a Unix socket instead of host and port. */
  readonly socketPath?: string
  /** 0 takes no traffic. */
  readonly weight: number
  readonly zone?: string
  /** The SPIFFE ID that is to be met there. */
  readonly identity?: string
}

/** A backend: its endpoints, and which of them takes the next call. */
export interface Cluster {
  readonly name: string
  /** Chooses an endpoint and counts the call, until `done`. A code when no endpoint may take it. */
  acquire(wish: Wish): Lease | FailureCode
}

export interface Wish {
  /** Calls with the same hash go to the same endpoint, where the balancing looks at it. */
  readonly hash?: number
  /** The `sessionKey` of the endpoint that the session began with: it is used as long as it may be used. */
  readonly session?: string
  /** Endpoints that were tried already; used again only when there is no other. */
  readonly avoid?: ReadonlySet<Endpoint>
  /** Nothing is sent to an endpoint without TLS: it is given back. */
  readonly securely?: true
}

/** One call to one endpoint. */
export interface Lease {
  readonly endpoint: Endpoint
  /** Exactly once, at the end of the call; what it says feeds balancing, outlier detection and breakers. */
  done(result: CallResult): void
}

export interface CallResult {
  readonly outcome: 'answered' | 'connect_failed' | 'reset' | 'timeout' | 'cancelled'
  /** HTTP status of an answer. */
  readonly status?: number
  /** Until the head of the answer. */
  readonly latencyMs: number
}
