/** RFC 9113 section 7. */
export const ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const

export type ErrorName = keyof typeof ErrorCode

const NAMES = Object.keys(ErrorCode) as ErrorName[]

/** The name of a code that a peer sent, for people; unknown codes as a number. */
export function errorName(code: number): string {
  return NAMES[code] ?? `error ${code}`
}

/**
 * Bytes that are not the HTTP/2 that we accept. Thrown by the codec it is a connection error (RFC 9113 section
 * 5.4.1): the connection ends with GOAWAY and this code. A stream error is a value: see MessageFault.
 */
export class Http2Error extends Error {
  override readonly name = 'Http2Error'
  readonly code: ErrorName

  /** Stable, for logs and metrics: `http2_protocol_error`. */
  readonly reason: string

  constructor(code: ErrorName, message: string) {
    super(message)
    this.reason = `http2_${code.toLowerCase()}`
    this.code = code
  }
}
