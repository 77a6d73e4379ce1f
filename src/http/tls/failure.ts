/** Why no TLS connection came about: the metric's label, and words for the log. */
export const HANDSHAKE_FAILURES = {
  plaintext: 'the client does not speak TLS',
  no_common_version: 'the client and this side have no TLS version in common',
  no_common_cipher:
    'the client and this side have no cipher in common, or there is no certificate to show it',
  no_common_protocol: 'the client offers none of the protocols (ALPN) that are served here',
  no_certificate_for_name: 'there is no certificate for the name that the client asks for (SNI)',
  refused_by_client: 'the client does not accept the certificate of this side',
  certificate_missing: 'the client shows no certificate, and one is required',
  certificate_expired: 'the certificate of the client has expired, or is not valid yet',
  certificate_untrusted: 'the certificate of the client was not issued by a trusted authority',
  identity_untrusted: 'the certificate of the client names no identity of a trusted domain',
  too_many_handshakes: 'as many handshakes as may be were under way',
  no_certificate: 'this side has no certificate yet',
  timeout: 'the client did not finish the handshake in time',
  closed: 'the connection ended during the handshake',
  malformed: 'the client sent something that is no TLS handshake',
} as const satisfies Record<string, string>

export type HandshakeFailure = keyof typeof HANDSHAKE_FAILURES

const BY_CODE: Readonly<Record<string, HandshakeFailure>> = {
  ERR_SSL_HTTP_REQUEST: 'plaintext',
  ERR_SSL_HTTPS_PROXY_REQUEST: 'plaintext',
  ERR_SSL_WRONG_VERSION_NUMBER: 'plaintext',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'plaintext',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no_common_version',
  ERR_SSL_VERSION_TOO_LOW: 'no_common_version',
  ERR_SSL_NO_SHARED_CIPHER: 'no_common_cipher',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'no_common_cipher',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'no_common_protocol',
  ERR_SSL_NO_CERTIFICATE_FOR_NAME: 'no_certificate_for_name',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  CERT_HAS_EXPIRED: 'certificate_expired',
  CERT_NOT_YET_VALID: 'certificate_expired',
}

/** The reason that an error of the handshake stands for. Alerts that the client sent are its refusal. */
export function handshakeFailure(error: unknown): HandshakeFailure {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return BY_CODE[code] ?? (code.includes('_ALERT_') ? 'refused_by_client' : 'malformed')
}

/** The reason that a verdict over the client's certificate (a code of X.509 verification) stands for. */
export function verificationFailure(code: string): HandshakeFailure {
  return BY_CODE[code] ?? 'certificate_untrusted'
}
