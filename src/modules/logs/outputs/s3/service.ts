import { AwsSigner, awsDomain } from '../../../../backends/aws/signer.ts'
import { HttpPeer, type PeerAnswer } from '../../../../backends/http/peer.ts'
import { inTurns, type LongWork } from '../../../../kernel/long-work.ts'
import type { FailedOutcome, OutputHost } from '../output.ts'
import { element, judgeS3 } from './answer.ts'
import type { S3Config } from './config.ts'

export interface UploadedPart {
  readonly number: number
  readonly etag: string
}

/** The upload is not known any more. */
export interface Gone {
  readonly kind: 'gone'
  readonly reason: string
}

const none = Buffer.alloc(0)

/** As much of S3's REST API as uploads need. Every call gives its result, or why there is none. */
export class S3Service {
  readonly #config: S3Config
  readonly #host: OutputHost
  readonly #signer: AwsSigner
  readonly #base: URL
  readonly #prefix: string
  readonly #peer: HttpPeer

  constructor(config: S3Config, host: OutputHost) {
    this.#config = config
    this.#host = host
    this.#signer = new AwsSigner({ config, host, key: host.key, service: 's3' })
    const region = this.#signer.region ?? 'us-east-1'
    const { bucket, endpoint } = config
    const pathStyle = config.pathStyle ?? (endpoint !== undefined || bucket.includes('.'))
    const service = new URL(endpoint ?? `https://s3.${region}.${awsDomain(region)}`)
    this.#base = new URL(service)
    if (!pathStyle) this.#base.hostname = `${bucket}.${service.hostname}`
    const path = service.pathname.replace(/\/+$/, '')
    this.#prefix = pathStyle ? `${path}/${bucket}` : path
    this.#peer = new HttpPeer(host, {
      url: this.#base.href,
      urlKey: endpoint === undefined ? `${host.key}.region` : `${host.key}.endpoint`,
      tls: config.tls,
      tlsKey: `${host.key}.tls`,
      maxConnections: 2,
      idleTimeoutMs: 4000,
      timeoutMs: config.timeoutMs,
    })
  }

  /** PutObject. */
  async put(key: string, body: Buffer, signal: AbortSignal): Promise<{ kind: 'ok' } | Gone | FailedOutcome> {
    const answer = await this.#call('PUT', key, '', this.#objectHeaders(), body, signal)
    return 'kind' in answer ? answer : { kind: 'ok' }
  }

  /** CreateMultipartUpload: gives the upload's id. */
  async begin(
    key: string,
    signal: AbortSignal,
  ): Promise<{ readonly uploadId: string } | Gone | FailedOutcome> {
    const answer = await this.#call('POST', key, 'uploads=', this.#objectHeaders(), none, signal)
    if ('kind' in answer) return answer
    const uploadId = element(answer.body.toString(), 'UploadId')
    if (uploadId !== undefined && uploadId !== '') return { uploadId }
    return { kind: 'failed', reason: 'the service gave no id for an upload' }
  }

  /** UploadPart. */
  async part(
    key: string,
    uploadId: string,
    number: number,
    body: Buffer,
    signal: AbortSignal,
  ): Promise<UploadedPart | Gone | FailedOutcome> {
    const query = `partNumber=${number}&uploadId=${encoded(uploadId)}`
    const answer = await this.#call('PUT', key, query, {}, body, signal)
    if ('kind' in answer) return answer
    const etag = answer.header('etag')
    return etag === undefined
      ? { kind: 'failed', reason: 'the service gave no ETag for a part' }
      : { number, etag }
  }

  /** CompleteMultipartUpload. */
  async complete(
    key: string,
    uploadId: string,
    parts: readonly UploadedPart[],
    signal: AbortSignal,
  ): Promise<{ kind: 'ok' } | Gone | FailedOutcome> {
    const list = parts.map(
      ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`,
    )
    const xml = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list.join('')}</CompleteMultipartUpload>`
    const headers = { 'content-type': 'application/xml' }
    const answer = await this.#call(
      'POST',
      key,
      `uploadId=${encoded(uploadId)}`,
      headers,
      Buffer.from(xml),
      signal,
    )
    return 'kind' in answer ? answer : { kind: 'ok' }
  }

  /** AbortMultipartUpload. */
  async abort(
    key: string,
    uploadId: string,
    signal: AbortSignal,
  ): Promise<{ kind: 'ok' } | Gone | FailedOutcome> {
    const answer = await this.#call('DELETE', key, `uploadId=${encoded(uploadId)}`, {}, none, signal)
    return 'kind' in answer ? answer : { kind: 'ok' }
  }

  #objectHeaders(): Record<string, string> {
    const { contentType, compress, storageClass, acl, encryption, kmsKeyId } = this.#config
    return {
      'content-type': contentType,
      ...(compress === 'none' ? {} : { 'content-encoding': compress }),
      ...(storageClass === undefined ? {} : { 'x-amz-storage-class': storageClass }),
      ...(acl === undefined ? {} : { 'x-amz-acl': acl }),
      ...(encryption === undefined ? {} : { 'x-amz-server-side-encryption': encryption }),
      ...(kmsKeyId === undefined ? {} : { 'x-amz-server-side-encryption-aws-kms-key-id': kmsKeyId }),
    }
  }

  async #call(
    method: string,
    key: string,
    query: string,
    given: Readonly<Record<string, string>>,
    body: Buffer,
    signal: AbortSignal,
  ): Promise<PeerAnswer | Gone | FailedOutcome> {
    const path = `${this.#prefix}/${key.split('/').map(encoded).join('/')}`
    const digest =
      body.length === 0 ? {} : { 'content-md5': await inTurns(md5InSteps(body), this.#host.slice) }
    const headers = { host: this.#base.host, ...given, ...digest }
    const signed = await this.#signer.sign({ method, path, query, headers, body })
    if ('failure' in signed) return signed.failure
    const target = query === '' ? path : `${path}?${query}`
    const answer = await this.#peer.request(
      { method, path: target, headers: signed.headers, body, maxAnswerBytes: 64 * 1024 },
      signal,
    )
    if ('failure' in answer) return answer.failure
    const verdict = judgeS3(answer.status, answer.body)
    switch (verdict.kind) {
      case 'ok':
        return answer
      case 'gone':
        return verdict
      case 'busy':
        return { kind: 'failed', reason: verdict.reason }
      case 'refused': {
        if (verdict.credentials) this.#signer.forget()
        return { kind: 'failed', refused: true, reason: `${verdict.reason}; ${this.#mend(verdict)}` }
      }
    }
  }

  #mend({ credentials, region }: { readonly credentials: boolean; readonly region?: string }): string {
    const { key } = this.#host
    if (region !== undefined) return `the bucket is in ${region}: write that as ${key}.region`
    if (credentials) return `${this.#signer.mend}, and that they may write to ${key}.bucket (s3:PutObject)`
    return `check ${key}.bucket, ${key}.region and ${key}.key`
  }
}

const PART_BYTES = 64 * 1024

function* md5InSteps(body: Buffer): LongWork<string> {
  const hash = process.getBuiltinModule('node:crypto').createHash('md5')
  for (let at = 0; at < body.length; at += PART_BYTES) {
    if (at > 0) yield
    hash.update(body.subarray(at, at + PART_BYTES))
  }
  return hash.digest('base64')
}

/** Percent-encodes every byte but the unreserved characters of RFC 3986. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function escaped(text: string): string {
  return text.replace(/[<>&]/g, char => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[char]!)
}
