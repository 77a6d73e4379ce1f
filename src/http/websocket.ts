/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** A fresh Sec-WebSocket-Key, for a client whose version of HTTP has none (RFC 8441 section 5). */
export function websocketKey(): string {
  return process.getBuiltinModule('node:crypto').randomBytes(16).toString('base64')
}

/** The Sec-WebSocket-Accept that agrees to this key. */
export function websocketAccept(key: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha1').update(`${key}${GUID}`, 'latin1').digest('base64')
}
