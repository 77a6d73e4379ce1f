export type HttpClientErrorCode =
  | 'connect_refused'
  | 'connect_failed'
  | 'connect_timeout'
  | 'resolve_failed'
  | 'tls_failed'
  | 'reset'
  | 'timeout'
  | 'malformed_response'
  | 'too_large'
  | 'aborted'
  | 'queue_full'
  | 'closed'

/** Why a request has no (whole) response. The message names the peer and is for people. */
export class HttpClientError extends Error {
  override readonly name = 'HttpClientError'
  readonly code: HttpClientErrorCode
  /**
   * The peer has seen nothing of the request, so that it may be sent again whatever its method.
   * False also when nobody knows.
   */
  readonly unsent: boolean

  constructor(code: HttpClientErrorCode, message: string, options?: ErrorOptions & { unsent?: boolean }) {
    super(message, options)
    this.code = code
    this.unsent = options?.unsent ?? false
  }
}

export function abortedError(signal: AbortSignal): HttpClientError {
  return new HttpClientError('aborted', 'the request was aborted', { cause: signal.reason })
}

/** The error for a connection that could not be made. */
export function connectError(error: NodeJS.ErrnoException, peer: string): HttpClientError {
  const options = { cause: error, unsent: true }
  switch (error.code) {
    case 'ECONNREFUSED':
      return new HttpClientError(
        'connect_refused',
        `${peer} refused the connection: nothing listens there`,
        options,
      )
    case 'ENOENT':
      return new HttpClientError(
        'connect_refused',
        `${peer} does not exist: no server has made this socket`,
        options,
      )
    case 'ENOTFOUND':
      return new HttpClientError('resolve_failed', `the host name of ${peer} does not exist in DNS`, options)
    case 'EAI_AGAIN':
      return new HttpClientError(
        'resolve_failed',
        `the host name of ${peer} could not be resolved: no DNS answer`,
        options,
      )
    case 'ETIMEDOUT':
      return new HttpClientError('connect_timeout', `${peer} did not answer the connection attempt`, options)
  }
  const tls = tlsReason(error)
  if (tls !== undefined) return new HttpClientError('tls_failed', `TLS with ${peer} failed: ${tls}`, options)
  return new HttpClientError('connect_failed', `no connection to ${peer}: ${error.message}`, options)
}

/** The error for a connection that broke during a request. */
export function brokenError(error: NodeJS.ErrnoException | undefined, peer: string): HttpClientError {
  const tls = error && tlsReason(error)
  if (tls !== undefined)
    return new HttpClientError('tls_failed', `TLS with ${peer} failed: ${tls}`, { cause: error })
  if (error === undefined || error.code === 'ECONNRESET' || error.code === 'EPIPE')
    return new HttpClientError('reset', `${peer} closed the connection before the response was complete`, {
      cause: error,
    })
  return new HttpClientError('reset', `the connection to ${peer} broke: ${error.message}`, { cause: error })
}

const TLS_REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the server certificate has expired',
  CERT_NOT_YET_VALID: 'the server certificate is not valid yet; is the clock right?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the server certificate is self-signed; give it, or its authority, as the CA',
  SELF_SIGNED_CERT_IN_CHAIN:
    'the certificate chain ends in an authority that is not trusted here; give it as the CA',
  UNABLE_TO_GET_ISSUER_CERT: 'the issuer of the server certificate is unknown; give its authority as the CA',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'the issuer of the server certificate is unknown; give its authority as the CA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the issuer of the server certificate is unknown; give its authority as the CA',
  CERT_SIGNATURE_FAILURE:
    'the server certificate is of another authority with the same name; give its own authority as the CA',
  CERT_REVOKED: 'the server certificate has been revoked',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS on this port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the server does not speak TLS on this port',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the server asks for a client certificate',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'the server refused the client certificate',
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE': 'the server refused the client certificate',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the server does not know the authority of the client certificate',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the two sides have no TLS version in common',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'the two sides have no cipher in common, or a client certificate is missing',
}

function tlsReason(error: NodeJS.ErrnoException): string | undefined {
  const { code } = error
  if (code === undefined) return undefined
  const known = TLS_REASONS[code]
  if (known !== undefined) return known
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the server certificate is for another name (${error.message})`
  // The connection was closed in the handshake.
  if (error.message.includes('before secure TLS connection'))
    return 'the server closed the connection in the handshake'
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO'
    ? error.message
    : undefined
}
