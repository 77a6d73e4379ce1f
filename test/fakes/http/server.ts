import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { uncompress } from 'snappyjs'
import { Faults, play, readBody } from '../faults.ts'

export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Decompressed. */
  readonly body: Buffer
}

/** What a service says to a request: a status with its text, or undefined for a plain success. */
export type Rule = (
  request: ReceivedRequest,
) => { readonly status: number; readonly body?: string } | undefined

export interface FakeHttpOptions {
  readonly port?: number
  readonly rule?: Rule
  readonly success?: number
  readonly maxBodyBytes?: number
  /** Called for what is taken, before the answer. */
  readonly onRequest?: (request: ReceivedRequest) => void
}

export interface FakeHttp {
  readonly url: string
  readonly port: number
  readonly faults: Faults
  /** Those that were taken. */
  readonly requests: readonly ReceivedRequest[]
  close(): Promise<void>
}

/** A server that takes bodies, decompressed, and judges them by a rule. */
export async function startFakeHttp(options: FakeHttpOptions = {}): Promise<FakeHttp> {
  const faults = new Faults()
  const requests: ReceivedRequest[] = []
  const server = createServer(async (request, response) => {
    const fault = faults.next()
    if (await play(fault, 'before', request, response)) return
    // A client that goes away in its request is no fault of the fake.
    const sent = await readBody(request, options.maxBodyBytes ?? 100 << 20).catch(() => null)
    if (sent === null) return
    if (sent === undefined) return void answer(response, 413, 'too large')
    let body: Buffer
    try {
      body = decompressed(sent, request.headers['content-encoding'])
    } catch (error) {
      return void answer(response, 415, String(error))
    }
    const { method = '', url: path = '', headers } = request
    const received = { method, path, headers, body }
    const refusal = options.rule?.(received)
    if (refusal) return void answer(response, refusal.status, refusal.body ?? '')
    requests.push(received)
    options.onRequest?.(received)
    if (await play(fault, 'after', request, response)) return
    answer(response, options.success ?? 200, '')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    faults,
    requests,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function decompressed(body: Buffer, encoding: string | undefined): Buffer {
  switch (encoding) {
    case undefined:
      return body
    case 'gzip':
      return gunzipSync(body)
    case 'zstd':
      return zstdDecompressSync(body)
    case 'snappy':
      return Buffer.from(uncompress(body))
    default:
      throw new Error(`unsupported content-encoding ${encoding}`)
  }
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(body)
}
