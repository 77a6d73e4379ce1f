/** RFC 8446 section 5.1: a client begins with a handshake record, content type 22, version 3.x. */
const HANDSHAKE = 22
const MAJOR_VERSION = 3

/** Whether the first bytes of a connection (at least one) begin a TLS handshake. No text protocol begins with that byte. */
export function beginsTls(first: Uint8Array): boolean {
  return first[0] === HANDSHAKE && (first.length < 2 || first[1] === MAJOR_VERSION)
}
