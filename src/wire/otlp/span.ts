/** What a resource, a scope or a span says of itself. */
export type AttributeValue = string | number | boolean | readonly string[]
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>

/** One step of a trace, as OpenTelemetry knows it (opentelemetry/proto/trace/v1/trace.proto). */
export interface Span {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  /** Empty for the first span of a trace. */
  readonly parentSpanId: string
  /** The W3C tracestate; may be empty. */
  readonly traceState: string
  readonly name: string
  readonly kind: 'server' | 'client'
  /** Milliseconds since the epoch, with fractions. */
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Attributes
  /** Undefined: neither good nor bad. */
  readonly error: string | undefined
}

export const SPAN_KIND = { server: 2, client: 3 } as const
export const STATUS_ERROR = 2
/** The W3C flag `sampled`, in the flags of a span. */
export const SAMPLED = 1

export interface Exported {
  readonly resource: Attributes
  /** Who made the spans. */
  readonly scope: { readonly name: string; readonly version: string }
  readonly spans: readonly Span[]
}

/** OTLP counts nanoseconds, which a number is too small for. */
export function unixNano(ms: number): bigint {
  const seconds = Math.floor(ms / 1000)
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.round((ms - seconds * 1000) * 1_000_000))
}
