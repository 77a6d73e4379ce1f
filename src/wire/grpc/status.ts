import { ProtobufFault, ProtobufReader } from '../protobuf/reader.ts'
import { ProtobufWriter } from '../protobuf/writer.ts'

/** Codes of google.rpc.Code. */
export const Code = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const

/** A google.rpc.Status. */
export interface RpcStatus {
  readonly code: number
  readonly message: string
  /** Of a RetryInfo among its details: after how many milliseconds to try again. */
  readonly retryAfterMs?: number
}

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo'

export function encodeStatus({ code, message, retryAfterMs }: RpcStatus): Buffer {
  const status = new ProtobufWriter()
  if (code !== 0) status.varint(1, code)
  if (message !== '') status.string(2, message)
  if (retryAfterMs !== undefined)
    status.message(3, any => {
      any.string(1, RETRY_INFO)
      any.message(2, info =>
        info.message(1, delay => {
          const seconds = Math.floor(retryAfterMs / 1000)
          if (seconds > 0) delay.varint(1, seconds)
          const nanos = Math.round((retryAfterMs - seconds * 1000) * 1_000_000)
          if (nanos > 0) delay.varint(2, nanos)
        }),
      )
    })
  return status.bytes
}

/** Undefined for bytes that are no Status. */
export function decodeStatus(bytes: Buffer): RpcStatus | undefined {
  try {
    const status = new ProtobufReader(bytes)
    let code = 0
    let message = ''
    let retryAfterMs: number | undefined
    while (status.next()) {
      if (status.tag === 0x08) code = status.varint()
      else if (status.tag === 0x12) message = status.text()
      else if (status.tag === 0x1a) retryAfterMs = retryDelay(status.message()) ?? retryAfterMs
    }
    return { code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) }
  } catch (error) {
    if (error instanceof ProtobufFault) return undefined
    throw error
  }
}

/** Of a google.protobuf.Any that is a RetryInfo. */
function retryDelay(any: ProtobufReader): number | undefined {
  let isRetryInfo = false
  let delayMs: number | undefined
  while (any.next()) {
    if (any.tag === 0x0a) isRetryInfo = any.text() === RETRY_INFO
    else if (any.tag === 0x12) {
      const info = any.message()
      while (info.next()) if (info.tag === 0x0a) delayMs = durationMs(info.message())
    }
  }
  return isRetryInfo ? delayMs : undefined
}

function durationMs(duration: ProtobufReader): number {
  let ms = 0
  while (duration.next()) {
    if (duration.tag === 0x08) ms += duration.varint() * 1000
    else if (duration.tag === 0x10) ms += duration.varint() / 1_000_000
  }
  return ms
}

/** The value of `grpc-message`: what is not printable ASCII, and `%`, is percent-encoded. */
export function encodeMessageField(message: string): string {
  return [...Buffer.from(message)]
    .map(byte =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')
}

/** The text of `grpc-message`; what is encoded wrongly stays as it is. */
export function decodeMessageField(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
