/** Fields that the framing of messages and the connection depend on (RFC 9110 section 7.6.1): no filter may touch them. */
const FRAMING = new Set([
  'connection',
  'content-length',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

export function isFraming(name: string): boolean {
  return FRAMING.has(name.toLowerCase())
}
