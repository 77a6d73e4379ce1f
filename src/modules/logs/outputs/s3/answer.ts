/** What the service made of a request. */
export type S3Verdict =
  | { readonly kind: 'ok' }
  | { readonly kind: 'busy'; readonly reason: string }
  /** The upload is not known (any more): it has to be begun anew. */
  | { readonly kind: 'gone'; readonly reason: string }
  /** Credentials, bucket, region or options have to be mended. */
  | {
      readonly kind: 'refused'
      readonly reason: string
      readonly credentials: boolean
      readonly region?: string
    }

const credentialCodes = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
  'RequestTimeTooSkewed',
])
/** Said with a status of 400, and nevertheless over in a moment. */
const passingCodes = new Set([
  'RequestTimeout',
  'IncompleteBody',
  'BadDigest',
  'InternalError',
  'SlowDown',
  'ServiceUnavailable',
  'OperationAborted',
  'XAmzContentSHA256Mismatch',
])

/** "Error responses" in the S3 API reference. CompleteMultipartUpload can fail with a status of 200. */
export function judgeS3(status: number, body: Buffer): S3Verdict {
  const text = body.toString('utf8', 0, 4096)
  const failed = /<Error[\s>]/.test(text)
  if (status >= 200 && status < 300 && !failed) return { kind: 'ok' }
  const code = failed ? element(text, 'Code') : undefined
  const message = element(text, 'Message')
  const said = [code, message].filter(part => part !== undefined).join(': ')
  const reason = `the service answered ${status}${said === '' ? '' : ` ${said}`}`
  if (code === 'NoSuchUpload' || code === 'InvalidPart' || code === 'InvalidPartOrder')
    return { kind: 'gone', reason }
  if (status === 408 || status === 429 || status >= 500 || status < 300 || passingCodes.has(code ?? ''))
    return { kind: 'busy', reason }
  const region = element(text, 'Region')
  return {
    kind: 'refused',
    reason,
    credentials: credentialCodes.has(code ?? '') || status === 401 || status === 403,
    ...(region === undefined ? {} : { region }),
  }
}

export function element(text: string, name: string): string | undefined {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]
  return found?.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => entities[name])
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
