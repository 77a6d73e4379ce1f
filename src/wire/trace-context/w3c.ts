import { NO_SPAN, NO_TRACE, type TraceContext } from './context.ts'

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** Reads a traceparent (W3C Trace Context, section 3.2); undefined when it must be ignored. */
export function readTraceparent(text: string): TraceContext | undefined {
  const match = TRACEPARENT.exec(text)
  if (match === null) return undefined
  const [, version, traceId, spanId, flags, rest] = match
  // ff is forbidden; version 00 has nothing more, later ones may.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined
  return { traceId: traceId!, spanId: spanId!, sampled: (Number.parseInt(flags!, 16) & 1) === 1 }
}

export function traceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled === true ? '01' : '00'}`
}

/** Whether a tracestate may be passed on: at most 32 members and 512 characters that a field may have (section 3.3). */
export function isTracestate(text: string): boolean {
  return text.length <= 512 && /^[\x20-\x7e\t]*$/.test(text) && text.split(',').length <= 32
}
