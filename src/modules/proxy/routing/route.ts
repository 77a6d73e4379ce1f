import type { RequestView } from '../request.ts'
import type { Actions, Cors, Redirect } from './filters/actions.ts'

/** Finds the rule that a request meets. Made once from all documents; replaced as a whole by a reload. */
export interface RouteTable {
  find(request: RequestView): Match | undefined
  /**
   * Whether any route is attached to what the request asks for. Then a request without a match is `route_not_found`;
   * else it goes to the service that it names, as if there were no routes.
   */
  governs(request: Pick<RequestView, 'host' | 'port'>): boolean
  /** The rule of a TLSRoute or a TCPRoute; for a TLSRoute `serverName` is what the client asks for by SNI. */
  findConnection(target: ConnectionTarget): Rule | undefined
  /** Whether a TLSRoute or a TCPRoute is attached to the service and its port. Then a connection without a rule is refused. */
  governsConnections(target: Pick<ConnectionTarget, 'host' | 'port'>): boolean
}

export interface ConnectionTarget {
  /** The service that the connection is for; of no matter to a Gateway's listener. */
  readonly host: string
  readonly port: number
  readonly serverName?: string
}

/** The rule, and what of the path it matched. */
export interface Match {
  readonly rule: Rule
  /** The part of the path that a PathPrefix matched; for path rewrites. */
  readonly prefix: string
}

/** One rule of one route document, ready to be applied. */
export interface Rule {
  /** `HTTPRoute/shop/checkout/0` or with the rule's own name at the end: for logs, metrics and explanations. */
  readonly name: string
  readonly backends: readonly Backend[]
  /** The sum of the backends' weights. */
  readonly totalWeight: number
  readonly filters: readonly Filter[]
  /** What the rule's own filters do where no backend is asked. */
  readonly actions?: Actions
  readonly redirect?: Redirect
  readonly cors?: Cors
  /** The whole exchange with the client; undefined: no limit. */
  readonly requestTimeoutMs?: number
  /** Each try with a backend; undefined: no limit. */
  readonly backendTimeoutMs?: number
  readonly retry?: RetryRule
  readonly session?: { readonly type: 'cookie' | 'header'; readonly name: string }
}

export interface Backend {
  /** The cluster's name. */
  readonly cluster: string
  /** How metrics call the cluster, when it is one that clients name. */
  readonly label?: string
  readonly weight: number
  readonly filters: readonly Filter[]
  /** What the rule's filters and then the backend's do. */
  readonly actions?: Actions
}

export interface RetryRule {
  /** Besides failures to connect. */
  readonly codes: readonly number[]
  /** Tries after the first. */
  readonly attempts: number
  readonly backoffMs: number
}

export interface HeaderChange {
  readonly name: string
  readonly value: string
}

/** What a rule or a backend does to requests and answers; the semantics of the Gateway API. */
export type Filter =
  | {
      readonly kind: 'request_headers' | 'response_headers'
      readonly set: readonly HeaderChange[]
      readonly add: readonly HeaderChange[]
      readonly remove: readonly string[]
    }
  | {
      readonly kind: 'redirect'
      readonly scheme?: string
      readonly host?: string
      readonly port?: number
      readonly path?: PathChange
      readonly status: 301 | 302 | 303 | 307 | 308
    }
  | { readonly kind: 'rewrite'; readonly host?: string; readonly path?: PathChange }
  | {
      readonly kind: 'mirror'
      readonly cluster: string
      readonly numerator: number
      readonly denominator: number
    }
  | {
      readonly kind: 'cors'
      readonly origins: readonly string[]
      readonly methods: readonly string[]
      readonly headers: readonly string[]
      readonly expose: readonly string[]
      readonly credentials: boolean
      readonly maxAgeSeconds: number
    }

export type PathChange =
  | { readonly kind: 'full'; readonly to: string }
  /** Replaces what the rule's PathPrefix matched. */
  | { readonly kind: 'prefix'; readonly to: string }
