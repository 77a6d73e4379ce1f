/** What the service made of a call, as far as we act on it. */
export type AwsVerdict =
  | { readonly kind: 'ok'; readonly rejected: RejectedEvents }
  /** The log group or stream does not exist. */
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'exists' }
  | { readonly kind: 'too_large'; readonly reason: string }
  /** The credentials, not the call: others may do. */
  | { readonly kind: 'credentials'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

/** Bounds in the call's events, which ascend in time. */
export interface RejectedEvents {
  /** Events before this one are too old. */
  readonly tooOldEnd?: number
  /** Events before this one are older than the group's retention. */
  readonly expiredEnd?: number
  /** Events from this one on are too far in the future. */
  readonly tooNewStart?: number
}

const credentialFaults = new Set([
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignatureException',
  'MissingAuthenticationTokenException',
  'MissingAuthenticationToken',
  'ExpiredTokenException',
  'ExpiredToken',
  'InvalidClientTokenId',
])
const throttled = new Set([
  'ThrottlingException',
  'Throttling',
  'RequestLimitExceeded',
  'LimitExceededException',
  'ServiceUnavailableException',
  'OperationAbortedException',
])

/** Judges the answer of any call to the service. Source: "Common errors" and PutLogEvents in its API reference. */
export function judgeAws(status: number, body: Buffer): AwsVerdict {
  const answer = parse(body)
  if (status >= 200 && status < 300)
    return { kind: 'ok', rejected: rejectedOf(answer['rejectedLogEventsInfo']) }
  const type = typeOf(answer)
  const reason = describe(status, type, answer, body)
  if (type === 'ResourceNotFoundException') return { kind: 'missing', reason }
  if (type === 'ResourceAlreadyExistsException' || type === 'DataAlreadyAcceptedException')
    return { kind: 'exists' }
  if (status === 413 || type === 'RequestEntityTooLargeException' || /too large/i.test(reason)) {
    return { kind: 'too_large', reason }
  }
  if (credentialFaults.has(type)) return { kind: 'credentials', reason: `${reason}${clockHint(reason)}` }
  if (throttled.has(type) || status === 408 || status === 429 || status >= 500)
    return { kind: 'failed', reason }
  return { kind: 'refused', reason }
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    const answer: unknown = JSON.parse(body.toString('utf8'))
    return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** `com.amazonaws.logs#ThrottlingException` → `ThrottlingException` */
function typeOf(answer: Readonly<Record<string, unknown>>): string {
  const type = answer['__type'] ?? answer['code']
  return typeof type === 'string' ? type.replace(/^.*#/, '').replace(/:.*$/, '') : ''
}

function describe(
  status: number,
  type: string,
  answer: Readonly<Record<string, unknown>>,
  body: Buffer,
): string {
  const message = answer['message'] ?? answer['Message']
  const said =
    typeof message === 'string' ? message : body.toString('utf8', 0, 200).replace(/\s+/g, ' ').trim()
  return `the service answered ${status} ${type}`.trimEnd() + (said === '' ? '' : `: ${said}`)
}

function clockHint(reason: string): string {
  return /signature (?:not yet current|expired)/i.test(reason) ? '; this machine’s clock is off' : ''
}

function rejectedOf(info: unknown): RejectedEvents {
  if (typeof info !== 'object' || info === null) return {}
  const { tooOldLogEventEndIndex, expiredLogEventEndIndex, tooNewLogEventStartIndex } = info as Record<
    string,
    unknown
  >
  return {
    ...(typeof tooOldLogEventEndIndex === 'number' ? { tooOldEnd: tooOldLogEventEndIndex } : {}),
    ...(typeof expiredLogEventEndIndex === 'number' ? { expiredEnd: expiredLogEventEndIndex } : {}),
    ...(typeof tooNewLogEventStartIndex === 'number' ? { tooNewStart: tooNewLogEventStartIndex } : {}),
  }
}
