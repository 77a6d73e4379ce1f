import type { HeaderList } from '../../wire/http1/headers.ts'
import type { Deadline } from '../deadline-wheel.ts'
import { HttpClientError } from './error.ts'
import type { AnswerHead, ClientExchange, ExchangeListener } from './exchange.ts'
import { exchangeTunnel } from './exchange-tunnel.ts'
import type { Http2Pool } from './http2-pool.ts'
import type { ClientStream } from './http2-stream.ts'
import type { PreparedRequest } from './request.ts'

const NOBODY: ExchangeListener = { head() {}, data() {}, end() {}, fail() {} }
const EMPTY = Buffer.alloc(0)
/** A server that refuses one request again and again is not asked for ever. */
const MAX_REPLAYS = 3

/** One request on its way through a pool of HTTP/2 connections: waits, rides on a stream, is replayed when unseen. */
export class Http2Exchange implements ClientExchange, Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly prepared: PreparedRequest
  readonly #pool: Http2Pool
  #listener: ExchangeListener
  #stream: ClientStream | undefined
  /** The same over HTTP/1.1, when that is what the server chose. */
  #instead: ClientExchange | undefined
  #replays = 0
  #paused = false
  readonly #untilMs: number | undefined

  constructor(pool: Http2Pool, prepared: PreparedRequest, listener: ExchangeListener, timeoutMs?: number) {
    this.#pool = pool
    this.prepared = prepared
    this.#listener = listener
    this.#untilMs = timeoutMs === undefined ? undefined : pool.clock.monotonic() + timeoutMs
    if (timeoutMs !== undefined) pool.wheel.arm(this, timeoutMs)
  }

  // ---- the caller's side

  put(chunk: Buffer): boolean {
    if (this.#instead !== undefined) return this.#instead.put(chunk)
    this.#stream?.sendData(chunk)
    return this.#stream?.full !== true
  }

  end(trailers?: HeaderList): void {
    if (this.#instead !== undefined) this.#instead.end(trailers)
    else this.#stream?.sendEnd(undefined, trailers)
  }

  pause(): void {
    if (this.#instead !== undefined) this.#instead.pause()
    this.#paused = true
    if (this.#stream !== undefined) this.#stream.paused = true
  }

  resume(): void {
    if (this.#instead !== undefined) this.#instead.resume()
    this.#paused = false
    if (this.#stream === undefined) return
    this.#stream.paused = false
    this.#stream.giveBack()
  }

  discard(): void {
    if (this.#instead !== undefined) {
      this.#instead.discard()
      return
    }
    const listener = this.#listener
    this.cancel()
    process.nextTick(() => listener.fail(new HttpClientError('aborted', 'the rest was not wanted'), false))
  }

  abandon(): void {
    if (this.#instead !== undefined) this.#instead.abandon()
    else this.cancel()
  }

  cancel(error?: HttpClientError): void {
    if (this.#instead !== undefined) {
      this.#instead.cancel(error)
      return
    }
    const listener = this.#listener
    const stream = this.#leave()
    this.#listener = NOBODY
    if (stream === undefined) this.#pool.forget(this)
    else stream.cancel()
    if (error !== undefined) listener.fail(error, false)
  }

  // ---- the pool's side

  ride(stream: ClientStream): void {
    this.#stream = stream
    stream.paused = this.#paused
    if (this.prepared.pushed) this.#listener.ready?.(this)
  }

  fallBack(
    make: (prepared: PreparedRequest, listener: ExchangeListener, timeoutMs?: number) => ClientExchange,
  ): void {
    this.#pool.wheel.remove(this)
    const leftMs =
      this.#untilMs === undefined ? undefined : Math.max(0, this.#untilMs - this.#pool.clock.monotonic())
    const listener = this.#listener
    // A pushed body is sent through the exchange that the caller knows.
    const told: ExchangeListener = { ...bound(listener), ready: () => listener.ready?.(this) }
    this.#instead = make(this.prepared, told, leftMs)
  }

  // ---- the stream's side

  room(): void {
    this.#listener.room?.()
  }

  interim(head: AnswerHead): void {
    this.#listener.interim?.(head)
  }

  head(head: AnswerHead): void {
    this.#listener.head(head)
  }

  data(slice: Buffer): void {
    this.#listener.data(slice)
  }

  answered(trailers: HeaderList | undefined): void {
    this.#leave()
    this.#listener.end(trailers)
  }

  /** The server agrees to another protocol: the stream is no request any more, and has no time limit. */
  switched(head: AnswerHead): void {
    this.#pool.wheel.remove(this)
    const asked = this.#listener
    const { stream, listener } = exchangeTunnel(this)
    this.#listener = listener
    asked.switched?.(head, stream, EMPTY)
  }

  /** The server has ended its side of the tunnel. */
  tunnelEnded(): void {
    this.#listener.end(undefined)
  }

  /** `unseen`: the server has said, or cannot but be, that it has not looked at it. `stale` as in ExchangeListener. */
  fail(error: HttpClientError, unseen: boolean, stale: boolean): void {
    this.#stream = undefined
    const { replayable, stream, pushed } = this.prepared
    // What was not looked at may be sent again whatever its method, but a body that is pushed may be gone.
    const again = stream === undefined && ((unseen && !pushed) || ((unseen || stale) && replayable))
    if (again && this.#replays++ < MAX_REPLAYS && this.#listener !== NOBODY) {
      this.#pool.dispatch(this)
      return
    }
    this.#leave()
    this.#listener.fail(error, stale)
  }

  expire(): void {
    const message = `${this.#pool.dialer.peer} did not answer in time`
    this.cancel(new HttpClientError('timeout', message, { unsent: this.#stream === undefined }))
  }

  #leave(): ClientStream | undefined {
    const stream = this.#stream
    this.#stream = undefined
    this.#pool.wheel.remove(this)
    return stream
  }
}

function bound(listener: ExchangeListener): ExchangeListener {
  return {
    room: () => listener.room?.(),
    interim: head => listener.interim?.(head),
    head: head => listener.head(head),
    data: chunk => listener.data(chunk),
    end: trailers => listener.end(trailers),
    fail: (error, stale) => listener.fail(error, stale),
    switched: (head, stream, rest) => listener.switched?.(head, stream, rest),
  }
}
