import type { HttpClientError, HttpClientErrorCode } from '../../../http/client/error.ts'
import { HttpServerError } from '../../../http/server/error.ts'
import type { CallResult } from '../clusters/cluster.ts'
import type { FailureCode } from '../failure.ts'

const FAILURE: Readonly<Record<HttpClientErrorCode, FailureCode>> = {
  connect_refused: 'upstream_connect_failed',
  connect_failed: 'upstream_connect_failed',
  resolve_failed: 'upstream_connect_failed',
  connect_timeout: 'connect_timeout',
  tls_failed: 'upstream_tls_failed',
  reset: 'upstream_reset',
  timeout: 'timeout',
  malformed_response: 'upstream_malformed',
  too_large: 'upstream_malformed',
  aborted: 'client_gone',
  queue_full: 'circuit_open',
  closed: 'draining',
}

/** What the client hears of an upstream's failure. */
export function failureOf(error: HttpClientError): FailureCode {
  return FAILURE[error.code]
}

/** Why a request's body was not taken to its end. */
export function requestFailure(error: Error): FailureCode {
  if (!(error instanceof HttpServerError)) return 'client_gone'
  switch (error.code) {
    case 'body_malformed':
      return 'bad_request'
    case 'body_timeout':
      return 'request_timeout'
    case 'body_too_large':
      return 'body_too_large'
    case 'client_gone':
      return 'client_gone'
  }
}

/** What the cluster learns of it. */
export function outcomeOf({ code }: HttpClientError): CallResult['outcome'] {
  switch (code) {
    case 'reset':
    case 'malformed_response':
    case 'too_large':
      return 'reset'
    case 'timeout':
      return 'timeout'
    case 'aborted':
    case 'closed':
    case 'queue_full':
      return 'cancelled'
    default:
      return 'connect_failed'
  }
}
