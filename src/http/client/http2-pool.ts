import { DEFAULT_HEAD_LIMITS, type HeadLimits } from '../../wire/http1/limits.ts'
import { DeadlineWheel } from '../deadline-wheel.ts'
import { FrameSlab } from '../http2/frame-batch.ts'
import type { Timers } from '../timers.ts'
import type { HttpClient, HttpClientOptions } from './client.ts'
import { createDialer, type Dialer } from './dial.ts'
import { abortedError, HttpClientError } from './error.ts'
import type { ClientExchange, ExchangeListener } from './exchange.ts'
import { Http2ClientConnection } from './http2-connection.ts'
import { Http2Exchange } from './http2-exchange.ts'
import { asksForWebSocket } from './http2-request.ts'
import { type ClientRequest, type PreparedRequest, prepareRequest } from './request.ts'
import { type ClientResponse, PromisedResponse } from './response.ts'
import { NO_LIMIT, type SharedLimit } from './shared-limit.ts'

/** Requests to one origin on as few HTTP/2 connections as the server's limit of streams allows. */
export class Http2Pool implements HttpClient {
  readonly dialer: Dialer
  readonly clock: Timers
  readonly wheel: DeadlineWheel
  readonly slab = new FrameSlab()
  readonly limits: HeadLimits
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly #maxConnections: number
  readonly #maxQueued: number
  readonly #connectionLimit: SharedLimit
  readonly #queueLimit: SharedLimit
  readonly #makeHttp1: (() => HttpClient) | undefined
  /** For a server that chose it, and for requests that switch to another protocol. */
  #http1: HttpClient | undefined
  #fellBack = false
  readonly #all = new Set<Http2ClientConnection>()
  readonly #waiting: Http2Exchange[] = []
  #closed = false

  /** `makeHttp1`: what to do with a server that does not choose HTTP/2; without it that is an error. */
  constructor(options: HttpClientOptions, makeHttp1: (() => HttpClient) | undefined) {
    this.dialer = createDialer(options.origin, options.tls, makeHttp1 ? ['h2', 'http/1.1'] : ['h2'])
    this.clock = options.clock
    this.wheel = new DeadlineWheel(options.clock, 100)
    this.limits = { ...DEFAULT_HEAD_LIMITS, ...options.limits }
    this.connectTimeoutMs = options.connectTimeoutMs ?? 10_000
    this.idleTimeoutMs = options.idleTimeoutMs ?? 3_000
    this.#maxConnections = options.maxConnections ?? 64
    this.#maxQueued = options.maxQueued ?? 1024
    this.#connectionLimit = options.connectionLimit ?? NO_LIMIT
    this.#queueLimit = options.queueLimit ?? NO_LIMIT
    this.#makeHttp1 = makeHttp1
  }

  get connections(): number {
    return this.#all.size + (this.#http1?.connections ?? 0)
  }

  async request(request: ClientRequest): Promise<ClientResponse> {
    if (request.signal?.aborted) throw abortedError(request.signal)
    const prepared = prepareRequest(request, this.dialer.authority)
    const response = new PromisedResponse(this.dialer.peer)
    response.follow(this.exchange(prepared, response, request.timeoutMs), request.signal)
    return response.promise
  }

  exchange(prepared: PreparedRequest, listener: ExchangeListener, timeoutMs?: number): ClientExchange {
    if (this.#fellBack) return this.#http1!.exchange(prepared, listener, timeoutMs)
    if (prepared.switches && this.#makeHttp1 !== undefined)
      return (this.#http1 ??= this.#makeHttp1()).exchange(prepared, listener, timeoutMs)
    const exchange = new Http2Exchange(this, prepared, listener, timeoutMs)
    this.dispatch(exchange)
    return exchange
  }

  close(): void {
    this.#closed = true
    this.#http1?.close()
    const error = this.#closedError()
    for (const exchange of this.#takeAll()) exchange.fail(error, false, false)
    for (const connection of [...this.#all]) connection.lose(error)
  }

  dispatch(exchange: Http2Exchange): void {
    if (this.#closed) this.#failSoon(exchange, this.#closedError())
    else if (exchange.prepared.method === 'CONNECT')
      this.#failSoon(exchange, this.#cannotSwitch('CONNECT does not go'))
    else if (!this.#ride(exchange)) this.#queue(exchange)
  }

  #ride(exchange: Http2Exchange): boolean {
    for (const connection of this.#all)
      if (connection.mayCarry(exchange)) {
        this.#carry(connection, exchange)
        return true
      }
    return false
  }

  #carry(connection: Http2ClientConnection, exchange: Http2Exchange): void {
    if (connection.peerSettings.enableConnectProtocol || !asksForWebSocket(exchange.prepared))
      connection.carry(exchange)
    else this.#failSoon(exchange, this.#cannotSwitch('no WebSocket goes'))
  }

  #cannotSwitch(what: string): HttpClientError {
    const message = `${what} over the HTTP/2 of ${this.dialer.peer}`
    return new HttpClientError('connect_failed', message, { unsent: true })
  }

  #queue(exchange: Http2Exchange): void {
    if (this.#waiting.length >= this.#maxQueued || !this.#queueLimit.tryAcquire()) {
      const message = `as many requests as may wait for a connection to ${this.dialer.peer} already`
      this.#failSoon(exchange, new HttpClientError('queue_full', message, { unsent: true }))
      return
    }
    this.#waiting.push(exchange)
    this.#openMore()
    if (this.#all.size > 0) return
    this.forget(exchange)
    const message = `there are as many connections as may be, and none to ${this.dialer.peer}`
    this.#failSoon(exchange, new HttpClientError('queue_full', message, { unsent: true }))
  }

  #takeAll(): Http2Exchange[] {
    const all = this.#waiting.splice(0)
    for (const _ of all) this.#queueLimit.release()
    return all
  }

  /** One connection is opened at a time: it may take all that waits. */
  #openMore(): void {
    if (this.#closed || this.#waiting.length === 0 || this.#all.size >= this.#maxConnections) return
    for (const connection of this.#all) if (connection.opening) return
    if (this.#connectionLimit.tryAcquire()) this.#all.add(new Http2ClientConnection(this))
  }

  /** A connection has room. */
  free(connection: Http2ClientConnection): void {
    for (let at = 0; at < this.#waiting.length && connection.room > 0; ) {
      const exchange = this.#waiting[at]!
      if (connection.mayCarry(exchange)) {
        this.#waiting.splice(at, 1)
        this.#queueLimit.release()
        this.#carry(connection, exchange)
      } else at++
    }
    this.#openMore()
  }

  /** A request that waits has given up. */
  forget(exchange: Http2Exchange): void {
    const at = this.#waiting.indexOf(exchange)
    if (at === -1) return
    this.#waiting.splice(at, 1)
    this.#queueLimit.release()
  }

  closed(connection: Http2ClientConnection): void {
    if (this.#all.delete(connection)) this.#connectionLimit.release()
    // What could not be reached for the first that waits cannot be reached for the others.
    if (!connection.served) for (const one of this.#takeAll()) one.fail(connection.loss!, false, false)
    this.#openMore()
  }

  /** The server has chosen another protocol. */
  notHttp2(connection: Http2ClientConnection): void {
    if (this.#makeHttp1 === undefined) {
      const message = `${this.dialer.peer} did not choose HTTP/2 in the TLS handshake`
      connection.lose(new HttpClientError('tls_failed', message, { unsent: true }))
      return
    }
    const http1 = (this.#http1 ??= this.#makeHttp1())
    this.#fellBack = true
    // Its place goes to the HTTP/1.1 connection that follows.
    if (this.#all.delete(connection)) this.#connectionLimit.release()
    for (const exchange of this.#takeAll())
      exchange.fallBack((prepared, listener, timeoutMs) => http1.exchange(prepared, listener, timeoutMs))
    connection.destroy()
  }

  /** For what is known before `exchange` has returned. */
  #failSoon(exchange: Http2Exchange, error: HttpClientError): void {
    process.nextTick(() => exchange.fail(error, false, false))
  }

  #closedError(): HttpClientError {
    return new HttpClientError('closed', `the client for ${this.dialer.peer} is closed`, { unsent: true })
  }
}
