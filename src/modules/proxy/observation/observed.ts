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
  ended(observed: Observed): void
}

/** One request as it is seen from outside. The exchange fills it in while it happens, and nobody changes it afterwards. */
export class Observed {
  readonly listener: string
  readonly request: ServerRequest
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number
  /** As all that follow, by the clock that never jumps. */
  readonly startMs: number
  /** The end of the answer. */
  endMs = 0
  /** The last try: when it began, and when the head of its answer came; 0 for neither. */
  tryStartMs = 0
  headMs = 0
  tries = 0
  view: RequestView | undefined
  match: Match | undefined
  backend: Backend | undefined
  /** Of the last try. */
  endpoint: Endpoint | undefined
  /** The fields of the answer as the client gets them. */
  answer: HeaderList | undefined
  trailers: HeaderList | undefined
  status = 0
  failure: FailureCode | undefined
  /** Why it failed, for people; names no secret of the request. */
  detail = ''
  /** Of bodies and tunnels. */
  bytesReceived = 0
  bytesSent = 0
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
  trying(endpoint: Endpoint, nowMs: number): void {
    this.endpoint = endpoint
    this.tryStartMs = nowMs
    this.headMs = 0
    this.tries++
  }

  /** The head of an answer came that goes on to the client. */
  answered(fields: HeaderList, nowMs: number): void {
    this.answer = fields
    this.headMs = nowMs
  }

  /** Exactly once; everything else has been filled in. */
  end(endMs: number): void {
    this.endMs = endMs
    this.#witness.ended(this)
  }
}
