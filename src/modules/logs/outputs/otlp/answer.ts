import type { PeerAnswer } from '../../../../backends/http/peer.ts'
import { unframeMessage } from '../../../../wire/grpc/message.ts'
import { Code, decodeMessageField, decodeStatus } from '../../../../wire/grpc/status.ts'
import { decodePartialSuccess, type PartialSuccess } from '../../../../wire/otlp/response.ts'
import { excerpt, outcomeOf, type RequestOutcome, type StatusContext } from '../http-status.ts'

/** What came of a request, and what the receiver has to say of single records. */
export interface Judgement {
  readonly outcome: RequestOutcome
  readonly partial?: PartialSuccess
}

/** May pass: the same again later (OTLP specification, "Failures" and "Retryable Response Codes"). */
const RETRYABLE_STATUSES = new Set([429, 502, 503, 504])
const RETRYABLE_CODES: ReadonlySet<number> = new Set([
  Code.cancelled,
  Code.deadlineExceeded,
  Code.aborted,
  Code.outOfRange,
  Code.unavailable,
  Code.dataLoss,
])
/** Speak of us or of the address, not of the records. */
const REFUSING_STATUSES = new Set([401, 403, 404, 405, 407])

/** By HTTP: what the specification calls not retryable is never sent again as it is. */
export function judgeHttp(
  answer: PeerAnswer,
  encoding: 'protobuf' | 'json',
  context: StatusContext,
): Judgement {
  const { status, body } = answer
  if (status >= 200 && status < 300) {
    const partial = encoding === 'protobuf' ? decodePartialSuccess(body) : partialOfJson(body)
    return { outcome: { kind: 'done' }, partial }
  }
  const said = encoding === 'protobuf' ? (decodeStatus(body)?.message ?? '') : excerpt(body)
  return { outcome: judgeStatusOf(status, said, context) }
}

function judgeStatusOf(status: number, said: string, context: StatusContext): RequestOutcome {
  const isRedirect = status >= 300 && status < 400
  const passes = RETRYABLE_STATUSES.has(status) || REFUSING_STATUSES.has(status) || isRedirect
  return outcomeOf(status, said, { ...context, rejects: passes ? [] : [status] })
}

/** By gRPC: its status stands behind the body, or in the head when there is none. */
export function judgeGrpc(answer: PeerAnswer, context: StatusContext): Judgement {
  const field = (name: string) => answer.trailer(name) ?? answer.header(name)
  const status = field('grpc-status')
  if (status === undefined)
    // Something in between that does not speak gRPC has answered.
    return { outcome: judgeStatusOf(answer.status === 200 ? 502 : answer.status, 'not by gRPC', context) }
  const code = Number(status)
  if (code === Code.ok) {
    const framed = unframeMessage(answer.body)
    const message = framed === undefined || framed.compressed ? Buffer.alloc(0) : framed.message
    return { outcome: { kind: 'done' }, partial: decodePartialSuccess(message) }
  }
  const details = field('grpc-status-details-bin')
  const retryAfterMs =
    details === undefined ? undefined : decodeStatus(Buffer.from(details, 'base64'))?.retryAfterMs
  const reason = `the server answered with code ${code}: ${decodeMessageField(field('grpc-message') ?? '').slice(0, 300)}`
  return { outcome: outcomeOfCode(code, reason, retryAfterMs, context) }
}

function outcomeOfCode(
  code: number,
  reason: string,
  retryAfterMs: number | undefined,
  { mendAuth, urlKey }: StatusContext,
): RequestOutcome {
  const again = {
    kind: 'failed',
    reason,
    ...(retryAfterMs !== undefined && { afterMs: retryAfterMs }),
  } as const
  switch (code) {
    case Code.unauthenticated:
    case Code.permissionDenied:
      return { kind: 'failed', refused: true, reason: `${reason}; ${mendAuth}` }
    case Code.unimplemented:
      return {
        kind: 'failed',
        refused: true,
        reason: `${reason}; check ${urlKey}, and that it takes logs by gRPC`,
      }
    case Code.resourceExhausted:
      // Without RetryInfo it is no load that passes: the message is larger than the server takes.
      return retryAfterMs === undefined ? { kind: 'too_large', reason } : again
    default:
      return RETRYABLE_CODES.has(code) ? again : { kind: 'rejected', reason }
  }
}

function partialOfJson(body: Buffer): PartialSuccess {
  try {
    const { rejectedLogRecords = 0, errorMessage = '' } = JSON.parse(body.toString()).partialSuccess ?? {}
    const rejected = Number(rejectedLogRecords)
    return {
      rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
      message: String(errorMessage),
    }
  } catch {
    return { rejected: 0, message: '' }
  }
}
