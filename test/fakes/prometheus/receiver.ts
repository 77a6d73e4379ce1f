import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { uncompress } from 'snappyjs'
import { type Verifier, verifySignature } from '../aws/signature.ts'
import type { Identity } from '../certificates.ts'
import { Faults, play, readBody } from '../faults.ts'
import { type DecodedSeries, type DecodedWrite, decodeWrite } from './decode.ts'

export interface FakeReceiver {
  readonly url: string
  readonly faults: Faults
  /** Requests that were answered, faults too. */
  readonly requests: readonly { readonly status: number; readonly headers: IncomingMessage['headers'] }[]
  readonly metadata: DecodedWrite['metadata']
  /** By `name{label="value"}`: what was taken, in its order; `stale` for a marker. */
  readonly series: ReadonlyMap<string, readonly Received[]>
  /** Resolves once so many requests were answered. */
  answered(requests: number): Promise<void>
  close(): Promise<void>
}

export interface ReceiverOptions {
  /** What the header must be. */
  readonly authorization?: string
  /** How requests must be signed. */
  readonly aws?: Verifier
}

export interface Received {
  readonly value: number | 'stale'
  readonly timeMs: number
}

const STALE_BITS = 0x7ff0000000000002n

/** A receiver of remote writes that refuses what Prometheus refuses, and what the specification forbids senders. */
export async function startFakeReceiver(
  options: ReceiverOptions & { readonly tls?: Identity } = {},
): Promise<FakeReceiver> {
  const fake = new Fake(options)
  const serve = (request: IncomingMessage, response: ServerResponse) =>
    void fake.serve(request, response).catch(() => {})
  const server = options.tls ? createTlsServer(options.tls, serve) : createServer(serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}/api/v1/write`,
    faults: fake.faults,
    requests: fake.requests,
    metadata: fake.metadata,
    series: fake.series,
    async answered(requests) {
      while (fake.requests.length < requests) await once(fake.events, 'answered')
    },
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

class Fake {
  readonly faults = new Faults()
  readonly requests: { status: number; headers: IncomingMessage['headers'] }[] = []
  readonly metadata: DecodedWrite['metadata'][number][] = []
  readonly series = new Map<string, Received[]>()
  readonly events = new EventEmitter()
  readonly #options: ReceiverOptions

  constructor(options: ReceiverOptions) {
    this.#options = options
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.once('close', () => {
      this.requests.push({ status: response.headersSent ? response.statusCode : 0, headers: request.headers })
      this.events.emit('answered')
    })
    const fault = this.faults.next()
    if (await play(fault, 'before', request, response)) return
    const body = await readBody(request, 16 << 20)
    const problem = this.#problemOf(request, body!) ?? this.#take(Buffer.from(uncompress(body!)))
    if (await play(fault, 'after', request, response)) return
    if (problem === undefined) response.writeHead(204).end()
    else response.writeHead(problem.status).end(`${problem.text}\n`)
  }

  #problemOf(
    { method, url, headers }: IncomingMessage,
    body: Buffer,
  ): { status: number; text: string } | undefined {
    if (method !== 'POST' || !url!.startsWith('/api/v1/write')) return { status: 404, text: 'not found' }
    const { authorization, aws } = this.#options
    if (authorization !== undefined && headers.authorization !== authorization)
      return { status: 401, text: 'who are you' }
    const [path, query = ''] = url!.split('?')
    const fault = aws && verifySignature({ method, path, query, headers, body }, aws)
    if (fault) return { status: 403, text: fault.message }
    if (headers['content-type'] !== 'application/x-protobuf') return { status: 415, text: 'content type' }
    if (headers['content-encoding'] !== 'snappy') return { status: 415, text: 'content encoding' }
    if (headers['x-prometheus-remote-write-version'] !== '0.1.0') return { status: 400, text: 'version' }
    return headers['user-agent'] ? undefined : { status: 400, text: 'no user agent' }
  }

  #take(body: Buffer): { status: number; text: string } | undefined {
    const { series, metadata } = decodeWrite(body)
    this.metadata.push(...metadata)
    const names = series.map(nameOf)
    if (new Set(names).size !== names.length) return { status: 400, text: 'a series twice' }
    const faults = series.flatMap((each, index) => this.#add(names[index], each))
    return faults.length === 0 ? undefined : { status: 400, text: faults.join('; ') }
  }

  #add(name: string, { labels, samples }: DecodedSeries): string[] {
    const sorted = labels.every(([label], i) => i === 0 || labels[i - 1][0] < label)
    if (!sorted || labels.some(([, value]) => value === '') || samples.length === 0) return [`bad: ${name}`]
    const known = this.series.get(name) ?? []
    this.series.set(name, known)
    return samples.flatMap(({ bits, value, timeMs }) => {
      const last = known.at(-1)
      if (last !== undefined && timeMs <= last.timeMs) return [`out of order: ${name}`]
      known.push({ value: bits === STALE_BITS ? 'stale' : value, timeMs })
      return []
    })
  }
}

function nameOf({ labels }: DecodedSeries): string {
  const own = labels.filter(([label]) => label !== '__name__').map(([label, value]) => `${label}="${value}"`)
  const name = labels.find(([label]) => label === '__name__')?.[1] ?? ''
  return own.length === 0 ? name : `${name}{${own.join(',')}}`
}
