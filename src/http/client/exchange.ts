import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ResponseHead } from '../../wire/http1/head.ts'
import type { HeaderList } from '../../wire/http1/headers.ts'
import type { Deadline, DeadlineWheel } from '../deadline-wheel.ts'
import type { Timers } from '../timers.ts'
import type { ClientConnection, Exchange } from './connection.ts'
import { HttpClientError } from './error.ts'
import type { PreparedRequest } from './request.ts'

/** The head of an answer, whatever version of HTTP brought it. */
export interface AnswerHead {
  readonly status: number
  readonly headers: HeaderList
  readonly framing: ResponseHead['framing']
}

/**
 * Who follows an exchange without promises. The calls come in the turn in which the bytes come:
 * `interim`* `head` `data`* `end`, or `fail` at any moment, or `switched` instead of `head`; nothing after
 * `end`, `fail`, `switched` or a `cancel`. `ready` alone may come before `exchange` has returned.
 */
export interface ExchangeListener {
  /** For a pushed body: a connection takes it now. Comes again when the request is replayed. */
  ready?(exchange: ClientExchange): void
  /** A `put` said that there is no room; now there is. */
  room?(): void
  interim?(head: AnswerHead): void
  head(head: AnswerHead): void
  data(chunk: Buffer): void
  end(trailers: HeaderList | undefined): void
  /** `stale` = a kept connection was closed before it brought a byte: the request did not fail by its own fault. */
  fail(error: HttpClientError, stale: boolean): void
  /**
   * For a request that `switches`: the raw connection, paused and without listeners; over HTTP/2 a stream that stands
   * for it, with a head as HTTP/1.1 would have brought it.
   */
  switched?(head: AnswerHead, stream: Duplex, rest: Buffer): void
}

/** A request under way. */
export interface ClientExchange {
  /** Sends a part of a pushed body, never an empty one; false = wait for `room`, what was given is sent all the same. */
  put(chunk: Buffer): boolean
  /** Ends a pushed body. */
  end(trailers?: HeaderList): void
  /** No more `data` until `resume`, but for what is in hand already. */
  pause(): void
  resume(): void
  /** Nobody wants the rest of the answer; `end` or `fail` still follows. */
  discard(): void
  /** The listener hears nothing any more; the rest of the answer is read when it is little, to keep the connection. */
  abandon(): void
  /** Breaks it off: the listener hears nothing any more, but for the `fail` of an error that is given here. */
  cancel(error?: HttpClientError): void
}

/** What an exchange asks of its pool. */
interface Dispatcher {
  readonly wheel: DeadlineWheel
  readonly clock: Timers
  readonly dialer: { readonly peer: string }
  dispatch(exchange: PooledExchange): void
  forget(exchange: PooledExchange): void
}

const NOBODY: ExchangeListener = { head() {}, data() {}, end() {}, fail() {} }

/** One request on its way through the pool: waits, rides, is replayed once when its kept connection was stale. */
export class PooledExchange implements Exchange, ClientExchange, Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly prepared: PreparedRequest
  connection: ClientConnection | undefined
  replayed = false
  #listener: ExchangeListener
  readonly #pool: Dispatcher
  readonly #untilMs: number | undefined

  constructor(
    pool: Dispatcher,
    prepared: PreparedRequest,
    listener: ExchangeListener,
    timeoutMs: number | undefined,
  ) {
    this.#pool = pool
    this.prepared = prepared
    this.#listener = listener
    this.#untilMs = timeoutMs === undefined ? undefined : pool.clock.monotonic() + timeoutMs
  }

  /** What is left of the time. */
  get timeoutMs(): number | undefined {
    return this.#untilMs === undefined ? undefined : Math.max(0, this.#untilMs - this.#pool.clock.monotonic())
  }

  // ---- the caller's side

  put(chunk: Buffer): boolean {
    return this.connection?.put(chunk) ?? true
  }

  end(trailers?: HeaderList): void {
    this.connection?.endPut(trailers)
  }

  pause(): void {
    this.connection?.pause()
  }

  resume(): void {
    this.connection?.resume()
  }

  discard(): void {
    this.connection?.discard()
  }

  abandon(): void {
    this.#listener = NOBODY
    this.discard()
  }

  cancel(error?: HttpClientError): void {
    const listener = this.#listener
    this.#listener = NOBODY
    const { connection } = this
    this.connection = undefined
    if (connection !== undefined) connection.destroy()
    else this.#pool.forget(this)
    if (error !== undefined) listener.fail(error, false)
  }

  // ---- the connection's side

  ride(connection: ClientConnection): void {
    this.connection = connection
    connection.carry(this)
  }

  ready(): void {
    this.#listener.ready?.(this)
  }

  room(): void {
    this.#listener.room?.()
  }

  interim(head: ResponseHead): void {
    this.#listener.interim?.(head)
  }

  head(head: ResponseHead): void {
    this.#listener.head(head)
  }

  data(slice: Buffer): void {
    this.#listener.data(slice)
  }

  answered(trailers: HeaderList | undefined): void {
    this.connection = undefined
    this.#listener.end(trailers)
  }

  switched(head: ResponseHead, socket: Socket, rest: Buffer): void {
    this.connection = undefined
    this.#listener.switched?.(head, socket, rest)
  }

  fail(error: HttpClientError, stale: boolean): void {
    this.connection = undefined
    if (stale && !this.replayed && this.prepared.replayable && this.#listener !== NOBODY) {
      this.replayed = true
      this.#pool.dispatch(this)
      return
    }
    this.#listener.fail(error, stale)
  }

  /** For what is known before `exchange` has returned. */
  failSoon(error: HttpClientError): void {
    process.nextTick(() => this.fail(error, false))
  }

  /** The time ended in the queue. */
  expire(): void {
    this.#pool.forget(this)
    const message = `no connection to ${this.#pool.dialer.peer} became free in time`
    this.fail(new HttpClientError('timeout', message, { unsent: true }), false)
  }
}
