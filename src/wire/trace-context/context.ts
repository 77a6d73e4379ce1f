/** Where in which trace a request stands. */
export interface TraceContext {
  /** 32 hexadecimal digits in lower case. */
  readonly traceId: string
  /** The sender's span: 16 hexadecimal digits in lower case. */
  readonly spanId: string
  /** Whether the trace is recorded; undefined when the sender leaves that to us (B3). */
  readonly sampled: boolean | undefined
}

export const NO_TRACE = '0'.repeat(32)
export const NO_SPAN = '0'.repeat(16)
