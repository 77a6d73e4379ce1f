import type { ServerRequest } from '../../../http/server/request.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'
import type { Endpoint } from '../clusters/cluster.ts'
import type { FailureCode } from '../failure.ts'
import type { RequestView } from '../request.ts'
import type { Backend, Match } from '../routing/route.ts'

/** Whoever wants to know of the requests of a listener. A listener that nobody watches has none. */
export interface Observer {
  begin(request: ServerRequest, startMs: number): Observed
}

/** Told once, when a request has come to its end. */
export interface Witness {
  ended(observed: Observed, conclusion: Conclusion): void
}

/** How a request ended. */
export interface Conclusion {
  readonly view: RequestView | undefined
  readonly match: Match | undefined
  readonly backend: Backend | undefined
  /** Of the last try. */
  readonly endpoint: Endpoint | undefined
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

/** One request as it is seen from outside. The exchange fills it in while it happens, and nobody changes it afterwards. */
export class Observed {
  readonly listener: string
  readonly request: ServerRequest
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
  readonly #witness: Witness

  constructor(
    listener: string,
    request: ServerRequest,
    startedAtMs: number,
    startMs: number,
    witness: Witness,
  ) {
    this.listener = listener
    this.request = request
    this.startedAtMs = startedAtMs
    this.startMs = startMs
    this.#witness = witness
  }

  /** A try begins. */
  trying(nowMs: number): void {
    this.tryStartMs = nowMs
    this.headMs = 0
    this.tries++
  }

  /** The head of an answer came that goes on to the client. */
  answered(fields: HeaderList, nowMs: number): void {
    this.answer = fields
    this.headMs = nowMs
  }

  /** Exactly once, and the last that it hears. */
  end(conclusion: Conclusion): void {
    this.#witness.ended(this, conclusion)
  }
}
