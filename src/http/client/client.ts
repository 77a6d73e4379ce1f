import { DEFAULT_HEAD_LIMITS, type HeadLimits } from '../../wire/http1/limits.ts'
import { DeadlineWheel } from '../deadline-wheel.ts'
import type { Timers } from '../timers.ts'
import { ClientConnection, type ConnectionOwner } from './connection.ts'
import { type ClientTls, createDialer, type Dialer, type Origin } from './dial.ts'
import { abortedError, HttpClientError } from './error.ts'
import { type ClientExchange, type ExchangeListener, PooledExchange } from './exchange.ts'
import { Http2Pool } from './http2-pool.ts'
import { type ClientRequest, type PreparedRequest, prepareRequest } from './request.ts'
import { type ClientResponse, PromisedResponse } from './response.ts'
import { ResponseHeads } from './response-heads.ts'
import { NO_LIMIT, type SharedLimit } from './shared-limit.ts'
import type { ForwardProxy } from './tunnel.ts'

export interface HttpClientOptions {
  /**
   * `http2`: HTTP/2, over plain TCP by prior knowledge. `auto`: what an https server chooses by ALPN, HTTP/1.1 with any
   * other. Default `http1`.
   */
  readonly protocol?: 'http1' | 'http2' | 'auto'
  readonly origin: Origin
  readonly clock: Timers
  readonly tls?: ClientTls
  /** On the way to an https origin: a tunnel is asked for (CONNECT). HTTP/1.1 only. */
  readonly proxy?: ForwardProxy
  /** Default 64. */
  readonly maxConnections?: number
  /** Requests that wait for a connection; above it `queue_full`. Default 1024. */
  readonly maxQueued?: number
  /** Further ceilings, of all pools that are given them; above them `queue_full`, too. */
  readonly connectionLimit?: SharedLimit
  readonly queueLimit?: SharedLimit
  /** How long an unused connection is kept, if the server does not say less. Default 3 s. */
  readonly idleTimeoutMs?: number
  /** DNS, TCP and TLS together. Default 10 s. */
  readonly connectTimeoutMs?: number
  /** Of response heads. */
  readonly limits?: Partial<HeadLimits>
}

/** A pool of connections to one origin. */
export interface HttpClient {
  /**
   * Resolves with the response once its head has arrived; its body must be read or discarded.
   * Rejects with HttpClientError, or HeaderInjectionError for a request that must not be sent.
   */
  request(request: ClientRequest): Promise<ClientResponse>
  /** The same without promises, for a request whose head is made already. `timeoutMs` as in ClientRequest. */
  exchange(prepared: PreparedRequest, listener: ExchangeListener, timeoutMs?: number): ClientExchange
  readonly connections: number
  /** Breaks all connections and fails what waits. Idempotent. */
  close(): void
}

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { protocol = 'http1', origin } = options
  if (protocol === 'http2') return new Http2Pool(options, undefined)
  const secure = origin instanceof URL ? origin.protocol === 'https:' : origin.secure === true
  const negotiates = protocol === 'auto' && secure
  return negotiates ? new Http2Pool(options, () => new Pool(options)) : new Pool(options)
}

class Pool implements HttpClient, ConnectionOwner {
  readonly dialer: Dialer
  readonly wheel: DeadlineWheel
  readonly limits: HeadLimits
  readonly heads: ResponseHeads
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly clock: Timers
  readonly #maxConnections: number
  readonly #maxQueued: number
  readonly #connectionLimit: SharedLimit
  readonly #queueLimit: SharedLimit
  readonly #all = new Set<ClientConnection>()
  /** The youngest last: it is the least likely to be closed by the server just now. */
  readonly #idle: ClientConnection[] = []
  readonly #waiting: PooledExchange[] = []
  #closed = false

  constructor(options: HttpClientOptions) {
    this.dialer = createDialer(options.origin, options.tls, undefined, options.proxy)
    this.clock = options.clock
    this.wheel = new DeadlineWheel(options.clock, 100)
    this.limits = { ...DEFAULT_HEAD_LIMITS, ...options.limits }
    this.heads = new ResponseHeads(this.limits)
    this.connectTimeoutMs = options.connectTimeoutMs ?? 10_000
    this.idleTimeoutMs = options.idleTimeoutMs ?? 3_000
    this.#maxConnections = options.maxConnections ?? 64
    this.#maxQueued = options.maxQueued ?? 1024
    this.#connectionLimit = options.connectionLimit ?? NO_LIMIT
    this.#queueLimit = options.queueLimit ?? NO_LIMIT
  }

  get connections(): number {
    return this.#all.size
  }

  async request(request: ClientRequest): Promise<ClientResponse> {
    if (request.signal?.aborted) throw abortedError(request.signal)
    const prepared = prepareRequest(request, this.dialer.authority)
    const response = new PromisedResponse(this.dialer.peer)
    response.follow(this.exchange(prepared, response, request.timeoutMs), request.signal)
    return response.promise
  }

  exchange(prepared: PreparedRequest, listener: ExchangeListener, timeoutMs?: number): ClientExchange {
    const exchange = new PooledExchange(this, prepared, listener, timeoutMs)
    this.dispatch(exchange)
    return exchange
  }

  close(): void {
    this.#closed = true
    const error = this.#closedError()
    for (const exchange of this.#waiting.splice(0)) {
      this.#queueLimit.release()
      exchange.fail(error, false)
    }
    for (const connection of [...this.#all]) connection.destroy(error)
  }

  /** Finds a connection: the youngest idle one, a new one, or the queue. A replay wants a new one. */
  dispatch(exchange: PooledExchange): void {
    if (this.#closed) {
      exchange.failSoon(this.#closedError())
      return
    }
    const connection = exchange.replayed ? undefined : this.#idle.pop()
    if (connection !== undefined) exchange.ride(connection)
    else if (this.#mayOpen() || (this.#dropIdle() && this.#mayOpen())) this.#open(exchange)
    else if (this.#mayQueue()) this.#enqueue(exchange)
    else {
      const message = `as many requests as may wait for a connection to ${this.dialer.peer} already`
      exchange.failSoon(new HttpClientError('queue_full', message, { unsent: true }))
    }
  }

  free(connection: ClientConnection): void {
    const next = this.#next()
    if (next === undefined) this.#idle.push(connection)
    else {
      this.wheel.remove(next)
      next.ride(connection)
    }
  }

  closed(connection: ClientConnection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
    this.#connectionLimit.release()
    if (this.#closed || this.#waiting.length === 0 || !this.#mayOpen()) return
    const next = this.#next()!
    this.wheel.remove(next)
    this.#open(next)
  }

  /** A waiting request has given up. */
  forget(exchange: PooledExchange): void {
    this.wheel.remove(exchange)
    const at = this.#waiting.indexOf(exchange)
    if (at === -1) return
    this.#waiting.splice(at, 1)
    this.#queueLimit.release()
  }

  /** Takes a place for a connection. */
  #mayOpen(): boolean {
    return this.#all.size < this.#maxConnections && this.#connectionLimit.tryAcquire()
  }

  /** Takes a place in the queue; without a connection of this pool nobody would ever call from it. */
  #mayQueue(): boolean {
    return this.#all.size > 0 && this.#waiting.length < this.#maxQueued && this.#queueLimit.tryAcquire()
  }

  #next(): PooledExchange | undefined {
    const next = this.#waiting.shift()
    if (next !== undefined) this.#queueLimit.release()
    return next
  }

  #open(exchange: PooledExchange): void {
    const connection = new ClientConnection(this, exchange)
    this.#all.add(connection)
    exchange.connection = connection
  }

  #enqueue(exchange: PooledExchange): void {
    if (exchange.replayed) this.#waiting.unshift(exchange)
    else this.#waiting.push(exchange)
    const { timeoutMs } = exchange
    if (timeoutMs !== undefined) this.wheel.arm(exchange, timeoutMs)
  }

  #dropIdle(): boolean {
    const oldest = this.#idle.shift()
    oldest?.destroy()
    return oldest !== undefined
  }

  #closedError(): HttpClientError {
    return new HttpClientError('closed', `the client for ${this.dialer.peer} is closed`, { unsent: true })
  }
}
