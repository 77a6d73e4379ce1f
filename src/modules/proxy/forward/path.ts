/**
 * What becomes of `%2F` and `%5C`: read as the slashes that some servers take them for, left alone, or refused.
 * as_sent: nothing in the path is changed, as RFC 9110 section 7.7 asks of a proxy towards foreign servers.
 */
export type EncodedSlashes = 'decode' | 'keep' | 'refuse' | 'as_sent'

/** Nothing in the path that could be written in another way. */
const PLAIN = /^\/(?:(?!\.{1,2}(?:\/|$))[!$&'()*+,\-.0-9:;=@A-Z_a-z~]+(?:\/|$))*$/
const UNRESERVED = /^[A-Za-z0-9\-._~]$/

/**
 * The one form of a path that routes, access rules and the backend see: encoded slashes and then unreserved
 * characters decoded, `\` as `/`, dot segments resolved (RFC 3986 section 6.2.2) and slashes merged, in this order.
 * undefined for a path that must not be forwarded: broken percent-encoding, an encoded NUL, or a slash that is to be
 * refused. `*` stays.
 */
export function normalisePath(path: string, slashes: EncodedSlashes): string | undefined {
  if (slashes === 'as_sent' || PLAIN.test(path) || path === '*') return path
  let refused = false
  const decoded = path.replace(/%(.{0,2})/g, (whole, hex: string) => {
    if (!/^[0-9A-Fa-f]{2}$/.test(hex) || hex === '00') {
      refused = true
      return whole
    }
    const upper = hex.toUpperCase()
    if (upper === '2F' || upper === '5C') {
      if (slashes === 'refuse') refused = true
      return slashes === 'decode' ? '/' : `%${upper}`
    }
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    return UNRESERVED.test(character) ? character : `%${upper}`
  })
  return refused ? undefined : resolveDots(decoded.replaceAll('\\', '/'))
}

function resolveDots(path: string): string {
  const kept: string[] = []
  const segments = path.split('/')
  const last = segments.at(-1)!
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const isFolder = (last === '' || last === '.' || last === '..') && kept.length > 0
  return `/${kept.join('/')}${isFolder ? '/' : ''}`
}
