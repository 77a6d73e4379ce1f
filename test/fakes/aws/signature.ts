import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export interface SignedRequest {
  readonly method: string
  /** As it was sent, without the query. */
  readonly path: string
  readonly query?: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export interface Verifier {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly region: string
  readonly service: string
  /** Headers that must be signed, besides host and x-amz-date. */
  readonly mustSign?: readonly string[]
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Why a request is not let in. */
export interface SignatureFault {
  readonly type: string
  readonly message: string
}

const credential =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/

/** Computes the signature once more, from what was received alone and without the product's code. */
export function verifySignature(request: SignedRequest, verifier: Verifier): SignatureFault | undefined {
  const given = request.headers['authorization']
  if (given === undefined)
    return { type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' }
  const match = credential.exec(String(given))
  if (!match) return { type: 'IncompleteSignatureException', message: 'Authorization header is malformed' }
  const [, keyId, day, region, service, signed, signature] = match
  const date = String(request.headers['x-amz-date'] ?? '')
  if (keyId !== verifier.accessKeyId) {
    return {
      type: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    }
  }
  if ((request.headers['x-amz-security-token'] ?? undefined) !== verifier.sessionToken) {
    return {
      type: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    }
  }
  if (service !== verifier.service || region !== verifier.region || date.slice(0, 8) !== day) {
    return invalid(`Credential should be scoped to ${verifier.region}/${verifier.service}`)
  }
  const ageMs = verifier.now() - parseDate(date)
  if (!(Math.abs(ageMs) <= 5 * 60_000)) return invalid(`Signature expired: ${date} is too far from now`)
  const names = signed.split(';')
  for (const must of ['host', 'x-amz-date', ...(verifier.mustSign ?? [])]) {
    if (!names.includes(must)) return invalid(`'${must}' must be a signed header`)
  }
  const bodyHash = createHash('sha256').update(request.body).digest('hex')
  const told = request.headers['x-amz-content-sha256']
  if (told === undefined && ['s3', 'aoss'].includes(service))
    return invalid('x-amz-content-sha256 is missing')
  if (told !== undefined && told !== bodyHash)
    return {
      type: 'XAmzContentSHA256Mismatch',
      message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
    }
  const canonical = [
    request.method,
    verifier.service === 's3' ? request.path : encodedAgain(request.path),
    sortedQuery(request.query ?? ''),
    ...names.map(name => `${name}:${String(request.headers[name] ?? '').trim()}`),
    '',
    signed,
    bodyHash,
  ].join('\n')
  const text = `AWS4-HMAC-SHA256\n${date}\n${day}/${region}/${service}/aws4_request\n${createHash('sha256').update(canonical).digest('hex')}`
  let key: Buffer = Buffer.from(`AWS4${verifier.secretAccessKey}`)
  for (const part of [day, region, service, 'aws4_request'])
    key = createHmac('sha256', key).update(part).digest()
  const expected = createHmac('sha256', key).update(text).digest()
  if (timingSafeEqual(expected, Buffer.from(signature, 'hex'))) return undefined
  return invalid('The request signature we calculated does not match the signature you provided.')
}

function invalid(message: string): SignatureFault {
  return { type: 'InvalidSignatureException', message }
}

/** `20150830T123600Z` */
function parseDate(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}

/** Every service but S3 encodes the path that it was sent once more. */
function encodedAgain(path: string): string {
  return path.split('/').map(strictly).join('/')
}

function sortedQuery(query: string): string {
  if (query === '') return ''
  const pairs = query.split('&').map(part => {
    const [name, value = ''] = part.split('=')
    return [strictly(decodeURIComponent(name)), strictly(decodeURIComponent(value))] as const
  })
  pairs.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

function strictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
