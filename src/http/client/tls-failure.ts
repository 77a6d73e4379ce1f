/** Why no trusted connection to a server came about: the metric's label, and words for the reference. */
export const SERVER_FAILURES = {
  plaintext: 'the server does not speak TLS',
  no_common_version: 'the server and this side have no TLS version in common',
  no_common_cipher: 'the server and this side have no cipher in common',
  no_common_protocol: 'the server takes none of the protocols (ALPN) that are offered',
  refused_by_server: 'the server does not accept the certificate of this side, or misses one',
  certificate_expired: 'the certificate of the server has expired, or is not valid yet',
  certificate_untrusted: 'the certificate of the server was not issued by a trusted authority',
  identity_untrusted: 'the certificate of the server names another identity, or another host',
  no_certificate: 'this side has no certificate yet',
  closed: 'the server closed the connection in the handshake',
  given_up: 'the handshake took too long, or nobody waited for it any more',
  malformed: 'the server sent something that is no TLS handshake',
} as const satisfies Record<string, string>

export type ServerFailure = keyof typeof SERVER_FAILURES

const BY_CODE: Readonly<Record<string, ServerFailure>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: 'plaintext',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'plaintext',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no_common_version',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'no_common_version',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'no_common_cipher',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': 'no_common_cipher',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'no_common_protocol',
  CERT_HAS_EXPIRED: 'certificate_expired',
  CERT_NOT_YET_VALID: 'certificate_expired',
  CERT_REVOKED: 'certificate_untrusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate_untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate_untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate_untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate_untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate_untrusted',
  CERT_SIGNATURE_FAILURE: 'certificate_untrusted',
  INVALID_CA: 'certificate_untrusted',
  INVALID_PURPOSE: 'certificate_untrusted',
  ERR_TLS_IDENTITY: 'identity_untrusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'identity_untrusted',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
}

/** The reason that an error of a connection to a server stands for. */
export function serverFailure(error: unknown): ServerFailure {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return BY_CODE[code] ?? (code.includes('_ALERT_') ? 'refused_by_server' : 'malformed')
}
