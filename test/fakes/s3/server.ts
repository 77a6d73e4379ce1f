import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { verifySignature } from '../aws/signature.ts'
import { Faults, play, readBody } from '../faults.ts'

export interface FakeS3Options {
  readonly port?: number
  readonly bucket?: string
  readonly region?: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly sessionToken?: string
  /** Objects and uploads of an earlier server. */
  readonly store?: S3Store
}

export interface S3Object {
  readonly body: Buffer
  readonly headers: IncomingMessage['headers']
  /** 0: PutObject. */
  readonly parts: number
  /** How often it was written. */
  readonly versions: number
}

interface Upload {
  readonly key: string
  readonly headers: IncomingMessage['headers']
  readonly parts: Map<number, { readonly body: Buffer; readonly etag: string }>
}

/** What outlives a server. */
export class S3Store {
  readonly objects = new Map<string, S3Object>()
  /** Multipart uploads that are neither completed nor aborted: their parts are kept and paid for. */
  readonly uploads = new Map<string, Upload>()
}

export interface FakeS3 {
  readonly url: string
  readonly port: number
  readonly faults: Faults
  readonly store: S3Store
  readonly actions: readonly string[]
  readonly refused: readonly string[]
  /** The lines of all objects, decompressed. */
  lines(): string[]
  close(): Promise<void>
}

const leastPartBytes = 5 * 1024 * 1024

/** A bucket that checks what S3 checks: signature, digests, sizes and order of parts. */
export async function startFakeS3(options: FakeS3Options = {}): Promise<FakeS3> {
  const fake = new Fake(options)
  // A client that goes away in its request is no fault of the fake.
  const server = createServer((request, response) => void fake.serve(request, response).catch(() => {}))
  server.keepAliveTimeout = 6000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    faults: fake.faults,
    store: fake.store,
    actions: fake.actions,
    refused: fake.refused,
    lines: () => [...fake.store.objects.values()].flatMap(linesOf),
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function linesOf({ body, headers }: S3Object): string[] {
  const encoding = headers['content-encoding']
  const plain = encoding === 'gzip' ? gunzipSync(body) : encoding === 'zstd' ? zstdDecompressSync(body) : body
  return plain.toString().split('\n').slice(0, -1)
}

class S3Fault extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

class Fake {
  readonly faults = new Faults()
  readonly store: S3Store
  readonly actions: string[] = []
  readonly refused: string[] = []
  readonly #options: FakeS3Options

  constructor(options: FakeS3Options) {
    this.#options = options
    this.store = options.store ?? new S3Store()
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = this.faults.next()
    if (await play(fault, 'before', request, response)) return
    const body = (await readBody(request, 200 << 20))!
    try {
      const [status, headers, text] = this.#act(request, body)
      if (await play(fault, 'after', request, response)) return
      response.writeHead(status, headers).end(text)
    } catch (error) {
      const { status = 500, code = 'InternalError', message } = error as S3Fault
      this.refused.push(`${code}: ${message}`)
      const region = code === 'AuthorizationHeaderMalformed' ? `<Region>${this.#region}</Region>` : ''
      response.writeHead(status, { 'content-type': 'application/xml' })
      response.end(
        `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${region}</Error>`,
      )
    }
  }

  get #region(): string {
    return this.#options.region ?? 'eu-central-1'
  }

  #act(request: IncomingMessage, body: Buffer): [number, Record<string, string>, string] {
    const { method = '', url = '/', headers } = request
    const [path, query = ''] = url.split('?')
    this.#verify(request, path, query, body)
    const [, bucket, ...rest] = path.split('/')
    if (bucket !== (this.#options.bucket ?? 'logs'))
      throw new S3Fault(404, 'NoSuchBucket', 'The specified bucket does not exist')
    const key = rest.map(decodeURIComponent).join('/')
    if (key === '' || Buffer.byteLength(key) > 1024)
      throw new S3Fault(400, 'KeyTooLongError', 'Your key is too long')
    const md5 = headers['content-md5']
    if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64'))
      throw new S3Fault(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.')
    const parameters = new URLSearchParams(query)
    const uploadId = parameters.get('uploadId')
    const action =
      method === 'PUT'
        ? uploadId === null
          ? 'PutObject'
          : 'UploadPart'
        : method === 'POST'
          ? parameters.has('uploads')
            ? 'CreateMultipartUpload'
            : 'CompleteMultipartUpload'
          : method === 'DELETE' && uploadId !== null
            ? 'AbortMultipartUpload'
            : 'unknown'
    this.actions.push(action)
    switch (action) {
      case 'PutObject':
        if (md5 === undefined) throw new S3Fault(400, 'InvalidRequest', 'Content-MD5 is required here')
        this.#keep(key, body, headers, 0)
        return [200, { etag: etagOf(body) }, '']
      case 'CreateMultipartUpload': {
        const id = `${randomBytes(8).toString('base64url')}+/=`
        this.store.uploads.set(id, { key, headers, parts: new Map() })
        return [
          200,
          {},
          `<InitiateMultipartUploadResult><Bucket>${bucket}</Bucket><Key>k</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
        ]
      }
      case 'UploadPart': {
        if (md5 === undefined) throw new S3Fault(400, 'InvalidRequest', 'Content-MD5 is required here')
        const number = Number(parameters.get('partNumber'))
        if (!(number >= 1 && number <= 10_000))
          throw new S3Fault(400, 'InvalidArgument', 'Part number must be an integer between 1 and 10000')
        const etag = etagOf(body)
        this.#upload(uploadId!, key).parts.set(number, { body, etag })
        return [200, { etag }, '']
      }
      case 'CompleteMultipartUpload':
        return [200, {}, this.#complete(uploadId!, key, body.toString())]
      case 'AbortMultipartUpload':
        this.#upload(uploadId!, key)
        this.store.uploads.delete(uploadId!)
        return [204, {}, '']
      default:
        throw new S3Fault(
          405,
          'MethodNotAllowed',
          'The specified method is not allowed against this resource.',
        )
    }
  }

  #verify({ method = '', headers }: IncomingMessage, path: string, query: string, body: Buffer): void {
    const { accessKeyId = 'AKIDEXAMPLE', secretAccessKey = 'secret', sessionToken } = this.#options
    const scope = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1]
    if (scope !== undefined && scope !== this.#region)
      throw new S3Fault(
        400,
        'AuthorizationHeaderMalformed',
        `the region '${scope}' is wrong; expecting '${this.#region}'`,
      )
    const signed = Object.keys(headers).filter(
      name => name.startsWith('x-amz-') || name === 'content-md5' || name === 'content-type',
    )
    const fault = verifySignature(
      { method, path, query, headers, body },
      {
        accessKeyId,
        secretAccessKey,
        region: this.#region,
        service: 's3',
        mustSign: signed,
        now: Date.now,
        ...(sessionToken === undefined ? {} : { sessionToken }),
      },
    )
    if (!fault) return
    const code =
      fault.type === 'UnrecognizedClientException'
        ? 'InvalidAccessKeyId'
        : fault.type === 'XAmzContentSHA256Mismatch'
          ? fault.type
          : 'SignatureDoesNotMatch'
    throw new S3Fault(403, code, fault.message)
  }

  #upload(id: string, key: string): Upload {
    const upload = this.store.uploads.get(id)
    if (upload?.key === key) return upload
    throw new S3Fault(404, 'NoSuchUpload', 'The specified multipart upload does not exist.')
  }

  #complete(id: string, key: string, xml: string): string {
    const upload = this.#upload(id, key)
    const listed = Array.from(
      xml.matchAll(/<Part><PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag><\/Part>/g),
      ([, number, etag]) => ({ number: Number(number), etag }),
    )
    if (listed.length === 0)
      throw new S3Fault(400, 'MalformedXML', 'The XML you provided was not well-formed')
    const bodies = listed.map(({ number, etag }, at) => {
      if (at > 0 && number <= listed[at - 1].number)
        throw new S3Fault(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.')
      const part = upload.parts.get(number)
      if (part?.etag !== etag)
        throw new S3Fault(400, 'InvalidPart', 'One or more of the specified parts could not be found.')
      if (at < listed.length - 1 && part.body.length < leastPartBytes)
        throw new S3Fault(
          400,
          'EntityTooSmall',
          'Your proposed upload is smaller than the minimum allowed object size.',
        )
      return part.body
    })
    this.store.uploads.delete(id)
    this.#keep(key, Buffer.concat(bodies), upload.headers, bodies.length)
    return `<CompleteMultipartUploadResult><Key>k</Key><ETag>"x-${bodies.length}"</ETag></CompleteMultipartUploadResult>`
  }

  #keep(key: string, body: Buffer, headers: IncomingMessage['headers'], parts: number): void {
    const versions = (this.store.objects.get(key)?.versions ?? 0) + 1
    this.store.objects.set(key, { body, headers, parts, versions })
  }
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`
}
