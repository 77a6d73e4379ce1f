import { NO_SPAN, NO_TRACE, type TraceContext } from './context.ts'

/** What a B3 message says: a place in a trace, or only whether to record (`sampled` without ids). */
export type B3 = TraceContext | { readonly sampled: boolean }

const TRACE_ID = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/
const SPAN_ID = /^[0-9a-f]{16}$/

/** Reads the single field `b3` (openzipkin/b3-propagation): `{trace}-{span}[-{sampling}[-{parent}]]`, or the sampling alone. */
export function readB3(text: string): B3 | undefined {
  const parts = text.toLowerCase().split('-')
  if (parts.length === 1) {
    const sampled = samplingOf(parts[0]!)
    return sampled === undefined ? undefined : { sampled }
  }
  const [traceId, spanId, sampling, parent] = parts
  if (parts.length > 4 || (parent !== undefined && !SPAN_ID.test(parent))) return undefined
  if (sampling !== undefined && samplingOf(sampling) === undefined) return undefined
  return context(traceId!, spanId!, sampling === undefined ? undefined : samplingOf(sampling))
}

/** Reads the fields X-B3-TraceId, -SpanId, -Sampled and -Flags. */
export function readB3Fields(fields: {
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  readonly sampled: string | undefined
  readonly flags: string | undefined
}): B3 | undefined {
  const sampled = fields.flags === '1' ? true : samplingOf(fields.sampled?.toLowerCase() ?? '')
  const { traceId, spanId } = fields
  if (traceId !== undefined && spanId !== undefined)
    return context(traceId.toLowerCase(), spanId.toLowerCase(), sampled)
  return sampled === undefined ? undefined : { sampled }
}

/** `b3` for the next one. */
export function b3({ traceId, spanId, sampled }: TraceContext): string {
  return `${traceId}-${spanId}-${sampled === true ? '1' : '0'}`
}

/** d asks for recording at any cost; old senders write true and false. */
function samplingOf(text: string): boolean | undefined {
  if (text === '1' || text === 'd' || text === 'true') return true
  return text === '0' || text === 'false' ? false : undefined
}

function context(traceId: string, spanId: string, sampled: boolean | undefined): TraceContext | undefined {
  if (!TRACE_ID.test(traceId) || !SPAN_ID.test(spanId) || spanId === NO_SPAN) return undefined
  const long = traceId.padStart(32, '0')
  return long === NO_TRACE ? undefined : { traceId: long, spanId, sampled }
}
