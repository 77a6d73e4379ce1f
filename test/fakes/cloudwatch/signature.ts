import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export interface Verifier {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly region: string
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
  if (service !== 'logs' || region !== verifier.region || date.slice(0, 8) !== day) {
    return invalid(`Credential should be scoped to ${verifier.region}/logs`)
  }
  const ageMs = verifier.now() - parseDate(date)
  if (!(Math.abs(ageMs) <= 5 * 60_000)) return invalid(`Signature expired: ${date} is too far from now`)
  const names = signed.split(';')
  for (const must of ['host', 'x-amz-date', 'x-amz-target']) {
    if (!names.includes(must)) return invalid(`'${must}' must be a signed header`)
  }
  const canonical = [
    request.method,
    request.path,
    '',
    ...names.map(name => `${name}:${String(request.headers[name] ?? '').trim()}`),
    '',
    signed,
    createHash('sha256').update(request.body).digest('hex'),
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
