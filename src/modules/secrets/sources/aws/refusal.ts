import type { FailureReason } from '../source.ts'

/** An error of AWS in our words. */
export interface AwsRefusal {
  readonly reason: FailureReason
  readonly words: string
  readonly mend: string | undefined
  /** Others may do. */
  readonly isOfCredentials: boolean
}

const CREDENTIALS = new Set([
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignatureException',
  'IncompleteSignature',
  'MissingAuthenticationTokenException',
  'MissingAuthenticationToken',
  'ExpiredTokenException',
  'ExpiredToken',
  'InvalidClientTokenId',
])

/** Source: "Errors" of GetSecretValue, GetParameter and Decrypt, and "Common errors", in the API references. */
const REASONS: Readonly<Record<string, FailureReason>> = {
  ResourceNotFoundException: 'missing',
  ParameterNotFound: 'missing',
  ParameterVersionNotFound: 'missing',
  AccessDeniedException: 'forbidden',
  AccessDenied: 'forbidden',
  NotAuthorized: 'forbidden',
  OptInRequired: 'forbidden',
  DecryptionFailure: 'forbidden',
  InvalidKeyId: 'forbidden',
  NotFoundException: 'missing',
  DisabledException: 'forbidden',
  KMSInvalidStateException: 'forbidden',
  InvalidRequestException: 'invalid',
  InvalidParameterException: 'invalid',
  ValidationException: 'invalid',
  ThrottlingException: 'unavailable',
  Throttling: 'unavailable',
  ThrottledException: 'unavailable',
  TooManyRequestsException: 'unavailable',
  RequestLimitExceeded: 'unavailable',
  LimitExceededException: 'unavailable',
  KMSInternalException: 'unavailable',
  DependencyTimeoutException: 'unavailable',
  KeyUnavailableException: 'unavailable',
  InternalServiceError: 'unavailable',
  InternalServerError: 'unavailable',
  InternalFailure: 'unavailable',
  ServiceUnavailable: 'unavailable',
}

const MENDS: Readonly<Record<string, string>> = {
  DecryptionFailure: 'allow kms:Decrypt with the key that it is encrypted with',
  InvalidKeyId: 'the key that it is encrypted with is disabled or gone',
}

const MAX_WORDS = 300

/** What an answer that is no success means. AWS's messages name identities and resources, never values. */
export function readRefusal(status: number, members: Readonly<Record<string, unknown>>): AwsRefusal {
  const given = members['__type'] ?? members['code']
  // `com.amazonaws.secretsmanager#ResourceNotFoundException`
  const type = typeof given === 'string' ? given.replace(/^.*#/, '').replace(/:.*$/, '').slice(0, 100) : ''
  const message = members['message'] ?? members['Message']
  const said = typeof message === 'string' ? message.replaceAll(/\s+/g, ' ').slice(0, MAX_WORDS) : ''
  const isOfCredentials = CREDENTIALS.has(type)
  return {
    reason: reasonOf(status, type, said, isOfCredentials),
    words: `${type === '' ? `status ${status}` : type}${said === '' ? '' : `: ${said}`}`,
    mend: /signature (?:not yet current|expired)/i.test(said) ? 'this machine’s clock is off' : MENDS[type],
    isOfCredentials,
  }
}

function reasonOf(status: number, type: string, said: string, isOfCredentials: boolean): FailureReason {
  if (isOfCredentials) return 'forbidden'
  // A secret that waits for its deletion is as good as gone.
  if (type === 'InvalidRequestException' && /deleted|deletion/i.test(said)) return 'missing'
  if (Object.hasOwn(REASONS, type)) return REASONS[type]!
  if (status === 408 || status === 429 || status >= 500) return 'unavailable'
  return status === 401 || status === 403 ? 'forbidden' : 'invalid'
}
