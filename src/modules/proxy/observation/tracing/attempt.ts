import type { PreparedRequest } from '../../../../http/client/request.ts'
import type { CallResult, Endpoint, Lease } from '../../clusters/cluster.ts'
import type { Observed } from '../observed.ts'
import { clientSpan } from './http-spans.ts'
import { traceLines } from './propagation.ts'
import type { RequestTrace } from './request-trace.ts'

/** One try with an endpoint, which hears of a span of its own. Stands in place of the try's lease, to see its end. */
export class Attempt implements Lease {
  readonly endpoint: Endpoint
  readonly spanId: string
  readonly startMs: number
  /** The endpoint is reached by TLS. */
  readonly secure: boolean
  /** 1 for the first. */
  readonly number: number
  /** The request as it is to be sent. */
  readonly sent: PreparedRequest
  readonly #trace: RequestTrace
  readonly #observed: Observed
  readonly #lease: Lease

  constructor(
    trace: RequestTrace,
    observed: Observed,
    prepared: PreparedRequest,
    lease: Lease,
    secure: boolean,
  ) {
    const { ids, clock } = trace.parts
    this.#trace = trace
    this.#observed = observed
    this.#lease = lease
    this.endpoint = lease.endpoint
    this.spanId = ids.span()
    this.startMs = clock.monotonic()
    this.secure = secure
    this.number = observed.tries
    const { traceId, sampled, incoming } = trace
    const lines = traceLines({ traceId, spanId: this.spanId, sampled }, incoming)
    this.sent = { ...prepared, head: `${prepared.head.slice(0, -2)}${lines}\r\n` }
  }

  done(result: CallResult): void {
    this.#lease.done(result)
    const { sampled, parts } = this.#trace
    if (!sampled) return
    parts.sink?.put(clientSpan(this.#trace, this.#observed, this, result, parts.clock.monotonic()))
  }
}
