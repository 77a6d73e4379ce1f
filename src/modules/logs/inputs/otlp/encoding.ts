import type { ServerRequest } from '../../../../http/server/request.ts'
import { frameMessage } from '../../../../wire/grpc/message.ts'
import { Code, encodeMessageField, encodeStatus } from '../../../../wire/grpc/status.ts'
import { ProtobufWriter } from '../../../../wire/protobuf/writer.ts'
import { type Answer, jsonAnswer } from '../http-server/answer.ts'
import type { Refused } from '../http-server/refusal.ts'

/** What a request is written in, and its answer with it. */
export type Encoding = 'protobuf' | 'json' | 'grpc'

const JSON_TYPE = 'application/json'
const PROTOBUF_TYPE = 'application/x-protobuf'

/** By its content type; undefined for others. */
export function encodingOf({ headers }: ServerRequest): Encoding | undefined {
  const type = (headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase()
  if (type === JSON_TYPE) return 'json'
  if (type === PROTOBUF_TYPE || type === 'application/protobuf') return 'protobuf'
  return type === 'application/grpc' || type === 'application/grpc+proto' ? 'grpc' : undefined
}

/** Records that were not taken, though the others were. */
export interface Rejected {
  readonly count: number
  /** What is wrong with the first of them. */
  readonly reason: string
}

/** An ExportLogsServiceResponse. */
export function success(encoding: Encoding, status: number, rejected: Rejected): Answer {
  if (encoding === 'json') {
    const { count, reason } = rejected
    const partial =
      count === 0 ? {} : { partialSuccess: { rejectedLogRecords: String(count), errorMessage: reason } }
    return jsonAnswer(status, partial)
  }
  const response = new ProtobufWriter()
  if (rejected.count > 0)
    response.message(1, partial => {
      partial.varint(1, rejected.count)
      partial.string(2, rejected.reason)
    })
  if (encoding === 'protobuf')
    return { status, headers: { 'Content-Type': PROTOBUF_TYPE }, body: response.bytes }
  return {
    status: 200,
    headers: { 'Content-Type': 'application/grpc', 'grpc-accept-encoding': 'identity, gzip, deflate, zstd' },
    body: frameMessage(response.bytes),
    trailers: { 'grpc-status': '0' },
  }
}

/** A refusal in the encoding of the request: a google.rpc.Status as the body, or gRPC's trailers. */
export function failure(refused: Refused, encoding: Encoding | undefined): Answer {
  const { status, message, headers } = refused
  const code = codeOf(refused)
  if (encoding === 'json') return jsonAnswer(status, { code, message }, headers)
  const retryAfter = headers['Retry-After']
  const details = encodeStatus({
    code,
    message,
    ...(retryAfter !== undefined && { retryAfterMs: Number(retryAfter) * 1000 }),
  })
  if (encoding !== 'grpc')
    return { status, headers: { 'Content-Type': PROTOBUF_TYPE, ...headers }, body: details }
  return {
    status: 200,
    headers: { 'Content-Type': 'application/grpc' },
    trailers: {
      'grpc-status': String(code),
      'grpc-message': encodeMessageField(message),
      'grpc-status-details-bin': details.toString('base64').replace(/=+$/, ''),
    },
  }
}

/** Which code of google.rpc.Code says the same; those that OTLP lets senders retry stand for what may pass. */
function codeOf({ reason }: Refused): number {
  switch (reason) {
    case 'unauthorized':
      return Code.unauthenticated
    case 'web_page':
      return Code.permissionDenied
    case 'too_large':
      return Code.resourceExhausted
    case 'too_slow':
      return Code.deadlineExceeded
    case 'busy':
      return Code.unavailable
    case 'malformed':
    case 'content_type':
      return Code.invalidArgument
    default:
      return Code.unimplemented
  }
}
