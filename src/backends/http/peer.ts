import { createHttpClient, type HttpClient } from '../../http/client/client.ts'
import { HttpClientError } from '../../http/client/error.ts'
import type { ForwardProxy } from '../../http/client/tunnel.ts'
import type { Host } from '../../kernel/module.ts'
import { certificateFiles, readTls, type TlsConfig, UnusableFile, versionOf } from './tls-files.ts'

export interface HttpPeerOptions {
  readonly url: string
  /** The option that says where the peer is, for messages. */
  readonly urlKey: string
  readonly tls?: TlsConfig | undefined
  readonly tlsKey: string
  readonly maxConnections: number
  readonly idleTimeoutMs: number
  readonly timeoutMs: number
  /** `http2` also without TLS, by prior knowledge. Default `http1`. */
  readonly protocol?: 'http1' | 'http2'
  /** On the way there; HTTP/1.1 only. */
  readonly proxy?: ForwardProxy | undefined
}

export interface PeerRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Sent again where a connection that was kept turns out to be closed; true unless it would do harm. */
  readonly replayable?: boolean
  /** A longer answer is a failure. */
  readonly maxAnswerBytes: number
}

export interface PeerAnswer {
  readonly status: number
  readonly body: Buffer
  header(name: string): string | undefined
  /** A field behind the body. */
  trailer(name: string): string | undefined
}

/** What came of a request that has no answer; `refused`: the peer refuses us, or we cannot even ask. */
export interface PeerFailure {
  readonly kind: 'failed'
  readonly reason: string
  readonly refused?: boolean
}

type PeerHost = Pick<Host, 'scope' | 'clock'>

/** How often certificate files are looked at for a renewal. */
const lookAtFilesMs = 60_000

/**
 * A server that is sent to: requests to it end in an answer or in a failure told in plain words, never in an exception.
 * Certificates are read when the first request needs them, and again when their files have changed.
 */
export class HttpPeer {
  readonly #host: PeerHost
  readonly #options: HttpPeerOptions
  #client: HttpClient | undefined
  #filesVersion = ''
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | undefined

  constructor(host: PeerHost, options: HttpPeerOptions) {
    this.#host = host
    this.#options = options
    host.scope.defer(() => this.#client?.close())
  }

  async request(
    request: PeerRequest,
    signal: AbortSignal,
  ): Promise<PeerAnswer | { readonly failure: PeerFailure }> {
    try {
      const client = await this.#connect()
      const { method, path, headers, body, maxAnswerBytes } = request
      const { timeoutMs } = this.#options
      // What may be sent twice loses nothing by a connection that the peer has just closed.
      const response = await client.request({
        method,
        ...this.#addressed(path, headers),
        body,
        timeoutMs,
        signal,
        replayable: request.replayable ?? true,
      })
      const answer = await response.body.bytes(maxAnswerBytes)
      return {
        status: response.status,
        body: answer,
        header: name => response.headers.get(name),
        trailer: name => response.body.trailers?.get(name),
      }
    } catch (error) {
      return { failure: this.#failure(error) }
    }
  }

  /** To a proxy a plain request says in full what it is for (RFC 9112, section 3.2.2). */
  #addressed(path: string, headers: Readonly<Record<string, string>>) {
    const { url, proxy } = this.#options
    if (proxy === undefined || url.startsWith('https:')) return { path, headers }
    const { origin, host } = new URL(url)
    const { authorization } = proxy
    return {
      path: `${origin}${path}`,
      headers: {
        ...headers,
        host,
        ...(authorization !== undefined && { 'proxy-authorization': authorization }),
      },
    }
  }

  async #connect(): Promise<HttpClient> {
    if (this.#client && !this.#options.tls) return this.#client
    const nowMs = this.#host.clock.monotonic()
    if (!this.#client || nowMs - this.#lookedAtMs >= lookAtFilesMs) {
      this.#looking ??= this.#renew().finally(() => {
        this.#looking = undefined
      })
      await this.#looking
      this.#lookedAtMs = nowMs
    }
    return this.#client!
  }

  /** Makes the client, or another one when a certificate file has changed since. */
  async #renew(): Promise<void> {
    const { url, maxConnections, idleTimeoutMs, timeoutMs, tls, tlsKey, proxy } = this.#options
    const files = tls ? certificateFiles(tls, tlsKey) : []
    const version = await versionOf(files)
    if (this.#client && version === this.#filesVersion) return
    const options = tls ? await readTls(tls, files) : undefined
    const previous = this.#client
    try {
      this.#client = createHttpClient({
        ...placeOf(new URL(url), proxy),
        protocol: this.#options.protocol ?? 'http1',
        clock: this.#host.clock,
        maxConnections,
        idleTimeoutMs,
        connectTimeoutMs: Math.min(timeoutMs, 10_000),
        ...(options ? { tls: options } : {}),
      })
    } catch (error) {
      throw new UnusableFile(`the files of ${tlsKey} cannot be used: ${(error as Error).message}`)
    }
    this.#filesVersion = version
    // Requests under way may end on the old connections.
    if (previous) this.#host.clock.timeout(timeoutMs, () => previous.close())
  }

  #failure(error: unknown): PeerFailure {
    if (error instanceof UnusableFile) return { kind: 'failed', reason: error.message, refused: true }
    if (!(error instanceof HttpClientError)) throw error
    const { urlKey, tlsKey, timeoutMs } = this.#options
    switch (error.code) {
      case 'timeout':
        return { kind: 'failed', reason: `${error.message} (${timeoutMs} ms)` }
      case 'resolve_failed':
      case 'connect_refused':
      case 'connect_timeout':
      case 'connect_failed':
        return { kind: 'failed', reason: `${error.message}; check ${urlKey}` }
      case 'tls_failed':
        return { kind: 'failed', reason: `${error.message}; check ${urlKey} and ${tlsKey}`, refused: true }
      default:
        return { kind: 'failed', reason: `${error.message} (${urlKey})` }
    }
  }
}

/** A tunnel through the proxy, or the proxy itself where it is told the whole request. */
function placeOf(origin: URL, proxy: ForwardProxy | undefined) {
  if (proxy === undefined) return { origin }
  if (origin.protocol === 'https:') return { origin, proxy }
  const { host, port } = proxy
  return { origin: new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}`) }
}
