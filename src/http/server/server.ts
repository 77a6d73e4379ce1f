import type { Socket } from 'node:net'
import { DEFAULT_HEAD_LIMITS, type HeadLimits } from '../../wire/http1/limits.ts'
import { DeadlineWheel } from '../deadline-wheel.ts'
import { FrameSlab } from '../http2/frame-batch.ts'
import type { Timers } from '../timers.ts'
import type { TlsPeer } from '../tls/acceptor.ts'
import { ServerConnection } from './connection.ts'
import type { ServedConnection, ServerContext } from './context.ts'
import { FlushQueue } from './flush-queue.ts'
import { Http2ServerConnection } from './http2-connection.ts'
import type { ServerRequest } from './request.ts'
import type { ServerResponse } from './response.ts'

/** Answers one request. A promise that rejects, or resolves before an answer was begun, is answered with 500. */
export type Handler = (request: ServerRequest, response: ServerResponse) => void | Promise<void>

/**
 * Offered a request that asks for another protocol (Upgrade), or CONNECT. To take it: call `release`, which hands
 * over the raw socket (paused, without listeners), and return true; `rest` holds bytes that came after the head.
 * false = answer it as an ordinary request.
 */
export type UpgradeHandler = (request: ServerRequest, release: () => Socket, rest: Buffer) => boolean

export interface ServerLimits extends HeadLimits {
  /** From the first byte of a head, and from a new connection, to the whole head; then 408. */
  readonly headTimeoutMs: number
  /** Between requests. */
  readonly idleTimeoutMs: number
  /** Without a byte of a body that is being read; then 408. */
  readonly bodyStallMs: number
  /** Without the client taking a byte of the answer. */
  readonly writeStallMs: number
  /** How long nothing of an answer may be written after the client has ended its sending side. */
  readonly halfClosedMs: number
  /** From our end of a connection to the peer's. */
  readonly lingerMs: number
  /**
   * In a drain: how long an unused connection of HTTP/1.1 waits for a request that may be on its way already, which is
   * answered with `Connection: close`. 0: it is closed at once.
   */
  readonly drainIdleMs: number
  /** What is read and dropped of a body that no handler has read; above it the connection is closed. */
  readonly maxDiscardBytes: number
  /** What is kept of pipelined requests while one is answered. */
  readonly maxBacklogBytes: number
  /** Above it new connections are closed at once. */
  readonly maxConnections: number
  /** Requests at the same time on one HTTP/2 connection; above it they are refused, to be sent again. */
  readonly maxStreams: number
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  ...DEFAULT_HEAD_LIMITS,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  bodyStallMs: 30_000,
  writeStallMs: 60_000,
  halfClosedMs: 30_000,
  lingerMs: 2_000,
  drainIdleMs: 0,
  maxDiscardBytes: 64 * 1024,
  maxBacklogBytes: 64 * 1024,
  maxConnections: 100_000,
  maxStreams: 100,
}

/** Silence on a connection after which the kernel asks whether the client is there. */
const KEEP_ALIVE_MS = 60_000

/** Http1Error, Http2Error, MessageFault or HeadTimeout: `reason` is stable, for logs and metrics. */
export interface RejectedInput extends Error {
  readonly reason: string
}

/** What is known of a request that no handler has seen. */
export interface RefusedRequest {
  /** What it was answered with; 0: the stream or the connection was broken off. */
  readonly status: number
  readonly protocol: 'HTTP/1.1' | 'HTTP/2'
  readonly method?: string
  /** Without the query. */
  readonly path?: string
}

export type HttpVersions = 'any' | 'http1' | 'http2'

export interface HttpServerOptions {
  readonly handler: Handler
  readonly clock: Timers
  readonly limits?: Partial<ServerLimits>
  readonly upgrade?: UpgradeHandler
  /** The versions of HTTP that are spoken, where ALPN has not chosen. Default `any`: a connection that begins with HTTP/2's preface speaks it, every other HTTP/1.1. */
  readonly versions?: HttpVersions
  /** CONNECT goes to the handler too, which may take the connection over; else it is answered with 501. */
  readonly servesConnect?: boolean
  /** WebSockets are taken over HTTP/2 too, by extended CONNECT (RFC 8441); a handler sees a GET that asks for an upgrade. */
  readonly servesWebSockets?: boolean
  /** A handler failed by its own fault; the client has got a bare 500 or a broken connection. */
  readonly onError?: (error: unknown, request: ServerRequest) => void
  /**
   * A peer sent what the codec refuses; it has got the error's status, or HTTP/2's code for it. `refused` is undefined
   * where a handler has the request, and hears of it too.
   */
  readonly onRejected?: (error: RejectedInput, remoteAddress: string, refused?: RefusedRequest) => void
  /** More fields of the answer to such input, where there is one. */
  readonly refusalFields?: (status: number) => Readonly<Record<string, string>>
}

export interface HttpServer {
  /**
   * Takes a connected socket over: `listen(address, server.accept)`, or `acceptor.accept(raw, server.accept)` after a
   * TLS handshake, whose peer its requests then know. Bound; needs no `this`.
   */
  readonly accept: (socket: Socket, tls?: TlsPeer) => void
  readonly connections: number
  /** Closes idle connections, ends the others after their present answer, and breaks what is left at the deadline. */
  drain(deadline: { readonly signal: AbortSignal }): Promise<void>
  /** Breaks every connection. */
  close(): void
}

/**
 * A server of HTTP/1.1 and HTTP/2 without a listener of its own. A connection speaks HTTP/2 when it begins with its
 * preface, or when it is a TLS socket whose handshake chose `h2` by ALPN.
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  return new SocketServer(options)
}

class SocketServer implements HttpServer, ServerContext {
  readonly options: HttpServerOptions
  readonly limits: ServerLimits
  readonly wheel: DeadlineWheel
  readonly slab = new FrameSlab()
  readonly flushes = new FlushQueue()
  draining = false
  readonly #connections = new Set<ServedConnection>()
  #empty: PromiseWithResolvers<void> | undefined
  #closed = false
  #dateSecond = -1
  #date = ''

  constructor(options: HttpServerOptions) {
    this.options = options
    this.limits = { ...DEFAULT_SERVER_LIMITS, ...options.limits }
    this.wheel = new DeadlineWheel(options.clock)
  }

  readonly accept = (socket: Socket, tls?: TlsPeer): void => {
    if (this.#closed || this.#connections.size >= this.limits.maxConnections) {
      socket.on('error', () => {})
      socket.destroy()
      return
    }
    // A client that vanished without a word is found by the kernel, also while an answer streams for hours.
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    const { alpnProtocol } = socket as { alpnProtocol?: unknown }
    const http2 = alpnProtocol === 'h2' || this.options.versions === 'http2'
    this.#connections.add(
      http2 ? new Http2ServerConnection(this, socket, tls, 0) : new ServerConnection(this, socket, tls),
    )
  }

  switched(
    from: ServedConnection,
    socket: Socket,
    tls: TlsPeer | undefined,
    prefaceBytes: number,
  ): Http2ServerConnection {
    const connection = new Http2ServerConnection(this, socket, tls, prefaceBytes)
    this.#connections.delete(from)
    this.#connections.add(connection)
    return connection
  }

  get connections(): number {
    return this.#connections.size
  }

  async drain(deadline: { readonly signal: AbortSignal }): Promise<void> {
    this.draining = true
    for (const connection of [...this.#connections]) connection.finish()
    if (this.#connections.size === 0) return
    this.#empty ??= Promise.withResolvers()
    const close = () => this.#breakAll()
    deadline.signal.addEventListener('abort', close, { once: true })
    if (deadline.signal.aborted) close()
    await this.#empty.promise
    deadline.signal.removeEventListener('abort', close)
  }

  close(): void {
    this.#closed = true
    this.#breakAll()
  }

  closed(connection: ServedConnection): void {
    this.#connections.delete(connection)
    if (this.#connections.size === 0) this.#empty?.resolve()
  }

  /** RFC 9110 section 6.6.1; made once a second. */
  date(): string {
    const nowMs = this.options.clock.now()
    const second = Math.floor(nowMs / 1000)
    if (second !== this.#dateSecond) {
      this.#dateSecond = second
      this.#date = new Date(nowMs).toUTCString()
    }
    return this.#date
  }

  #breakAll(): void {
    for (const connection of [...this.#connections]) connection.destroy()
  }
}
