import type { HeaderList } from '../../../../wire/http1/headers.ts'
import { type B3, b3, readB3, readB3Fields } from '../../../../wire/trace-context/b3.ts'
import type { TraceContext } from '../../../../wire/trace-context/context.ts'
import { isTracestate, readTraceparent, traceparent } from '../../../../wire/trace-context/w3c.ts'

export const FORMATS = ['w3c', 'b3', 'b3_multi'] as const
export type Format = (typeof FORMATS)[number]

/** What the sender of a request says of the trace that it belongs to. */
export interface Incoming {
  /** Undefined: a new trace begins. */
  readonly context: TraceContext | undefined
  /** The sender's word on recording, which B3 can give without a trace. */
  readonly sampled: boolean | undefined
  readonly state: string
  /** In which the trace goes on: those in which it came, or the first that is configured. */
  readonly formats: readonly Format[]
}

/** The fields of each format, in lower case. */
const FIELDS: Readonly<Record<Format, readonly string[]>> = {
  w3c: ['traceparent', 'tracestate'],
  b3: ['b3'],
  b3_multi: ['x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled', 'x-b3-flags'],
}

/** Reads a request's place in a trace: the first of the configured formats that makes sense counts. */
export function readIncoming(headers: HeaderList, configured: readonly Format[]): Incoming {
  let found: B3 | undefined
  let state = ''
  const formats: Format[] = []
  for (const format of configured) {
    const read = READ[format](headers)
    if (read === undefined) continue
    formats.push(format)
    if (found !== undefined && 'traceId' in found) continue
    if (found === undefined || 'traceId' in read) found = read
    if (format === 'w3c') state = stateOf(headers)
  }
  const context = found !== undefined && 'traceId' in found ? found : undefined
  return {
    context,
    sampled: found?.sampled,
    state,
    formats: formats.length === 0 ? configured.slice(0, 1) : formats,
  }
}

/** Takes all that is said of traces out of a request that is about to go on. */
export function removeTrace(headers: HeaderList): void {
  const { raw } = headers
  for (let at = raw.length - 2; at >= 0; at -= 2) {
    const lower = raw[at]!.toLowerCase()
    if (ALL_FIELDS.has(lower)) raw.splice(at, 2)
  }
}

const ALL_FIELDS: ReadonlySet<string> = new Set(Object.values(FIELDS).flat())

/** The lines of a head that say where in the trace the next one stands. */
export function traceLines(context: TraceContext, { formats, state }: Incoming): string {
  let lines = ''
  for (const format of formats) {
    if (format === 'w3c') {
      lines += `traceparent: ${traceparent(context)}\r\n`
      if (state !== '') lines += `tracestate: ${state}\r\n`
    } else if (format === 'b3') lines += `b3: ${b3(context)}\r\n`
    else
      lines += `X-B3-TraceId: ${context.traceId}\r\nX-B3-SpanId: ${context.spanId}\r\nX-B3-Sampled: ${context.sampled === true ? 1 : 0}\r\n`
  }
  return lines
}

const READ: Readonly<Record<Format, (headers: HeaderList) => B3 | undefined>> = {
  // Two of them are none (W3C Trace Context, section 4.3).
  w3c: headers => readTraceparent(headers.combined('traceparent') ?? ''),
  b3: headers => readB3(headers.get('b3') ?? ''),
  b3_multi: headers =>
    readB3Fields({
      traceId: headers.get('x-b3-traceid'),
      spanId: headers.get('x-b3-spanid'),
      sampled: headers.get('x-b3-sampled'),
      flags: headers.get('x-b3-flags'),
    }),
}

function stateOf(headers: HeaderList): string {
  const state = headers.combined('tracestate') ?? ''
  return isTracestate(state) ? state : ''
}
