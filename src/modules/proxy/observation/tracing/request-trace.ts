import type { PreparedRequest } from '../../../../http/client/request.ts'
import type { Clock } from '../../../../kernel/clock/clock.ts'
import type { Span } from '../../../../wire/otlp/span.ts'
import type { Lease } from '../../clusters/cluster.ts'
import type { Conclusion, Observed } from '../observed.ts'
import type { Redaction } from '../redaction.ts'
import { Attempt } from './attempt.ts'
import { serverSpan } from './http-spans.ts'
import type { Ids } from './ids.ts'
import type { Incoming } from './propagation.ts'

/** Where finished spans go. */
export interface SpanSink {
  put(span: Span): void
}

export interface TraceParts {
  readonly ids: Ids
  readonly clock: Pick<Clock, 'monotonic'>
  /** Undefined where spans are only passed on. */
  readonly sink: SpanSink | undefined
  readonly redaction: Redaction
}

/** The part of a trace that one request makes here: a span for the request, and one for each try. */
export class RequestTrace {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
  readonly incoming: Incoming
  readonly parts: TraceParts

  constructor(incoming: Incoming, sampled: boolean, parts: TraceParts) {
    this.incoming = incoming
    this.sampled = sampled
    this.parts = parts
    this.traceId = incoming.context?.traceId ?? parts.ids.trace()
    this.spanId = parts.ids.span()
  }

  /** `observed.tries` counts this one already. */
  attempt(observed: Observed, prepared: PreparedRequest, lease: Lease, secure: boolean): Attempt {
    return new Attempt(this, observed, prepared, lease, secure)
  }

  ended(observed: Observed, conclusion: Conclusion): void {
    if (this.sampled) this.parts.sink?.put(serverSpan(this, observed, conclusion, this.parts.redaction))
  }
}
