import type { PreparedRequest } from '../../../http/client/request.ts'
import { ServerRequest } from '../../../http/server/request.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'
import type { Endpoint, Lease } from '../clusters/cluster.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import type { FailureCode } from '../failure.ts'
import type { RequestView } from '../request.ts'
import type { Backend, Match } from '../routing/route.ts'
import type { Attempt } from './tracing/attempt.ts'
import { removeTrace } from './tracing/propagation.ts'
import type { RequestTrace } from './tracing/request-trace.ts'

/** Whoever wants to know of the requests of a listener. A listener that nobody watches has none. */
export interface Observer {
  begin(request: ServerRequest, startMs: number): Observed
  /** Of what is no request. */
  beginOther(other: Other, startMs: number): Observed
}

/** A connection that is passed on as it is, or what was refused because it is no request: as much as is known of it. */
export interface Other {
  readonly protocol: 'TCP' | 'TLS' | 'HTTP/1.1' | 'HTTP/2'
  readonly client: string
  readonly identity?: string
  /** What a client of TLS asks for. */
  readonly serverName?: string
  readonly method?: string
  readonly path?: string
}

/** Told once, when a request has come to its end. */
export interface Witness {
  ended(observed: Observed, conclusion: Conclusion): void
}

/** How a request ended. */
export interface Conclusion {
  readonly view: RequestView | undefined
  readonly scheme: 'http' | 'https'
  readonly match: Match | undefined
  readonly backend: Pick<Backend, 'cluster'> | undefined
  /** Of the last try. */
  readonly endpoint: Endpoint | undefined
  /** 0: there was no answer of HTTP. */
  readonly status: number
  readonly failure: FailureCode | undefined
  /** Why it failed, for people; names no secret of the request. Empty when it did not. */
  readonly detail: string
  /** Of bodies and tunnels. */
  readonly bytesReceived: number
  readonly bytesSent: number
  /** By the clock that never jumps. */
  readonly endMs: number
}

/** What is known of a request from its first moment. */
export interface Beginning {
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number
  /** By the clock that never jumps. */
  readonly startMs: number
  readonly requestId: string | undefined
  readonly trace: RequestTrace | undefined
  readonly witness: Witness
}

/** One request, or what came in its place, as it is seen from outside. The exchange fills it in while it happens, and nobody changes it afterwards. */
export class Observed {
  readonly listener: string
  /** Undefined for all that is `other`. */
  readonly request: ServerRequest | undefined
  readonly other: Other | undefined
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number
  /** As all that follow, by the clock that never jumps. */
  readonly startMs: number
  /** The last try: when it began, and when the head of its answer came; 0 for neither. */
  tryStartMs = 0
  headMs = 0
  tries = 0
  /** The fields of the answer as the client gets them. */
  answer: HeaderList | undefined
  trailers: HeaderList | undefined
  /** The last try's request, where it differs from the others'. */
  sent: PreparedRequest | undefined
  readonly trace: RequestTrace | undefined
  /** What X-Request-Id says to the backend. */
  readonly requestId: string | undefined
  readonly #witness: Witness

  constructor(
    listener: string,
    subject: ServerRequest | Other,
    { startedAtMs, startMs, requestId, trace, witness }: Beginning,
  ) {
    this.listener = listener
    this.request = subject instanceof ServerRequest ? subject : undefined
    this.other = subject instanceof ServerRequest ? undefined : subject
    this.startedAtMs = startedAtMs
    this.startMs = startMs
    this.requestId = requestId
    this.trace = trace
    this.#witness = witness
  }

  get method(): string | undefined {
    return this.request === undefined ? this.other!.method : this.request.method
  }

  get client(): string {
    return this.request === undefined ? this.other!.client : this.request.remoteAddress
  }

  /** The fields of the request as they are about to go on: those that differ from try to try are taken out. */
  outgoing(headers: HeaderList): void {
    if (this.requestId !== undefined) headers.set('X-Request-Id', this.requestId)
    if (this.trace !== undefined) removeTrace(headers)
  }

  /** A try begins, maybe beside another one. Undefined: it is sent as it is, and nobody asks for its outcome. */
  attempt(prepared: PreparedRequest, lease: Lease, cluster: RunningCluster): Attempt | undefined {
    this.tries++
    if (this.trace === undefined) return undefined
    const attempt = this.trace.attempt(this, prepared, lease, cluster.isSecure(lease.endpoint))
    this.sent = attempt.sent
    return attempt
  }

  /** This try is the one that counts. */
  followed(startMs: number): void {
    this.tryStartMs = startMs
    this.headMs = 0
  }

  /** The head of an answer came that goes on to the client. */
  answered(fields: HeaderList, nowMs: number): void {
    this.answer = fields
    this.headMs = nowMs
  }

  /** Exactly once, and the last that it hears. */
  end(conclusion: Conclusion): void {
    this.trace?.ended(this, conclusion)
    this.#witness.ended(this, conclusion)
  }
}
