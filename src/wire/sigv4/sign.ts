/**
 * AWS Signature Version 4, signing in the Authorization header.
 * Source: "Signature Version 4 signing process" in the AWS IAM user guide.
 * The hash functions come from outside, so this stays a pure computation.
 */
export interface Hashes {
  /** SHA-256 as lower-case hexadecimal. */
  sha256Hex(data: string | Uint8Array): string
  hmacSha256(key: string | Uint8Array, data: string): Uint8Array
}

export interface RequestToSign {
  readonly method: string
  /** The absolute path as it is sent, already percent-encoded once: `/`, `/a%20b`. */
  readonly path: string
  /** The query as it is sent, without its question mark; '' for none. */
  readonly query: string
  /** Every header that is signed, at least `host`; names in any case. */
  readonly headers: Readonly<Record<string, string>>
  /** Absent when `bodySha256` is given. */
  readonly body?: string | Uint8Array
  /** Its SHA-256 in hexadecimal, when somebody knows it already, or `UNSIGNED-PAYLOAD` where the service takes that. */
  readonly bodySha256?: string
}

export interface SigningScope {
  readonly region: string
  readonly service: string
  /** The moment of signing, milliseconds since the epoch. */
  readonly timeMs: number
}

export interface SigningKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

const algorithm = 'AWS4-HMAC-SHA256'

/** The headers to add to the request: `x-amz-date`, `x-amz-security-token` when there is a session token, `authorization`. */
export function sign(
  request: RequestToSign,
  scope: SigningScope,
  keys: SigningKeys,
  hashes: Hashes,
): Record<string, string> {
  const date = amzDate(scope.timeMs)
  const added: Record<string, string> = { 'x-amz-date': date }
  if (keys.sessionToken) added['x-amz-security-token'] = keys.sessionToken
  const headers = { ...request.headers, ...added }
  const day = date.slice(0, 8)
  const credentialScope = `${day}/${scope.region}/${scope.service}/aws4_request`
  const canonical = canonicalRequest({ ...request, headers }, hashes, scope.service === 's3')
  const toSign = `${algorithm}\n${date}\n${credentialScope}\n${hashes.sha256Hex(canonical)}`
  const key = signingKey(keys.secretAccessKey, day, scope.region, scope.service, hashes)
  const signature = hex(hashes.hmacSha256(key, toSign))
  added['authorization'] =
    `${algorithm} Credential=${keys.accessKeyId}/${credentialScope}, SignedHeaders=${signedHeaders(headers)}, Signature=${signature}`
  return added
}

/** The request in the one spelling that both sides hash. `plainPath`: the path counts as it is sent, as S3 has it. */
export function canonicalRequest(request: RequestToSign, hashes: Hashes, plainPath = false): string {
  const lines = Object.entries(request.headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/ +/g, ' ')])
    .sort(([a], [b]) => compare(a, b))
  return [
    request.method,
    plainPath ? request.path : canonicalPath(request.path),
    canonicalQuery(request.query),
    ...lines.map(([name, value]) => `${name}:${value}`),
    '',
    signedHeaders(request.headers),
    request.bodySha256 ?? hashes.sha256Hex(request.body ?? ''),
  ].join('\n')
}

/** The key for one day, region and service. */
export function signingKey(
  secret: string,
  day: string,
  region: string,
  service: string,
  hashes: Hashes,
): Uint8Array {
  const ofDay = hashes.hmacSha256(`AWS4${secret}`, day)
  const ofRegion = hashes.hmacSha256(ofDay, region)
  const ofService = hashes.hmacSha256(ofRegion, service)
  return hashes.hmacSha256(ofService, 'aws4_request')
}

/** `20150830T123600Z` */
export function amzDate(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}

function signedHeaders(headers: Readonly<Record<string, string>>): string {
  return Object.keys(headers)
    .map(name => name.toLowerCase())
    .sort(compare)
    .join(';')
}

/** Dot segments and doubled slashes are resolved, and what is sent is encoded once more: the rule of every service but S3. */
function canonicalPath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(uriEncode(segment))
  }
  const trailing = kept.length > 0 && /(?:\/|\/\.{1,2})$/.test(path) ? '/' : ''
  return `/${kept.join('/')}${trailing}`
}

function canonicalQuery(query: string): string {
  if (query === '') return ''
  return query
    .split('&')
    .filter(part => part !== '')
    .map(part => {
      const equals = part.indexOf('=')
      const name = equals < 0 ? part : part.slice(0, equals)
      const value = equals < 0 ? '' : part.slice(equals + 1)
      return [uriEncode(decode(name)), uriEncode(decode(value))] as const
    })
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Percent-encodes every byte but the unreserved characters of RFC 3986. */
function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** By code unit: what is compared is ASCII. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}
