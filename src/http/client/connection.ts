import type { Socket } from 'node:net'
import { type BodyDecoder, createBodyDecoder } from '../../wire/http1/body.ts'
import { CHUNK_END, chunkStart, lastChunk } from '../../wire/http1/encode.ts'
import { Http1Error } from '../../wire/http1/error.ts'
import { parseResponseHead, type ResponseHead } from '../../wire/http1/head.ts'
import { HeadAssembler } from '../../wire/http1/head-assembler.ts'
import type { HeaderList } from '../../wire/http1/headers.ts'
import type { HeadLimits } from '../../wire/http1/limits.ts'
import type { Deadline, DeadlineWheel } from '../deadline-wheel.ts'
import { type BodySource, emptyBody, IncomingBody } from '../incoming-body.ts'
import type { Dialer } from './dial.ts'
import { brokenError, connectError, HttpClientError } from './error.ts'
import type { PreparedRequest } from './request.ts'

/** A response whose head has arrived. Read or discard its body: until then it holds its connection. */
export interface ClientResponse {
  readonly status: number
  readonly headers: HeaderList
  readonly body: IncomingBody
}

/** What a connection tells its pool. */
export interface ConnectionOwner {
  readonly dialer: Dialer
  readonly wheel: DeadlineWheel
  readonly limits: HeadLimits
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  /** It can carry a request. */
  free(connection: ClientConnection): void
  /** It is gone. */
  closed(connection: ClientConnection): void
}

/** One request under way on a connection. */
export interface Exchange {
  readonly prepared: PreparedRequest
  /** Monotonic time by which it must be over; Infinity for none. */
  readonly timeoutMs: number | undefined
  succeed(response: ClientResponse): void
  /** No response. `stale` = the kept connection was closed before it brought a byte: another one may do. */
  fail(error: HttpClientError, stale: boolean): void
  /** The response that `succeed` gave is complete, or has broken. */
  over(): void
}

/** More interim responses than anybody has a use for. */
const MAX_INTERIM = 32
/** What is read of a response that nobody wants, to keep its connection. */
const MAX_DISCARD_BYTES = 64 * 1024

/** One connection to an origin: one request at a time. Never lets a socket error escape. */
export class ClientConnection implements Deadline, BodySource {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #assembler: HeadAssembler
  #connected = false
  #closed = false
  #error: NodeJS.ErrnoException | undefined
  /** How many requests it has carried. */
  #carried = 0
  #exchange: Exchange | undefined
  #head: ResponseHead | undefined
  #decoder: BodyDecoder | undefined
  #body: IncomingBody | undefined
  #gotBytes = false
  #interim = 0
  #requestSent = true
  #discardedBytes = 0
  #discarding = false
  #idleMs: number

  constructor(owner: ConnectionOwner, exchange: Exchange) {
    this.#owner = owner
    this.#idleMs = owner.idleTimeoutMs
    this.#assembler = new HeadAssembler('response', owner.limits)
    this.#exchange = exchange
    this.#socket = owner.dialer.dial()
    this.#socket.setNoDelay(true)
    this.#socket.once(owner.dialer.readyEvent, this.#onReady)
    this.#socket.on('error', error => {
      this.#error ??= error
    })
    this.#socket.on('data', this.#onData)
    this.#socket.on('end', this.#onEnd)
    this.#socket.on('close', this.#onClose)
    owner.wheel.arm(this, Math.min(owner.connectTimeoutMs, exchange.timeoutMs ?? Number.POSITIVE_INFINITY))
  }

  get idle(): boolean {
    return this.#connected && this.#exchange === undefined && !this.#closed
  }

  /** Sends a request on an idle connection. */
  carry(exchange: Exchange): void {
    this.#exchange = exchange
    this.#send()
  }

  /** Breaks the connection, and with it the request that it carries. */
  destroy(error?: HttpClientError): void {
    if (error !== undefined) this.#fail(error, false)
    this.#socket.destroy()
    this.#close()
  }

  expire(): void {
    if (this.#exchange === undefined) this.destroy()
    else if (!this.#connected) {
      const message = `${this.#owner.dialer.peer} did not take the connection in time`
      this.destroy(new HttpClientError('connect_timeout', message, { unsent: true }))
    } else this.destroy(new HttpClientError('timeout', `${this.#owner.dialer.peer} did not answer in time`))
  }

  // ---- sending

  readonly #onReady = (): void => {
    this.#connected = true
    if (this.#exchange !== undefined) this.#send()
  }

  #send(): void {
    const { prepared, timeoutMs } = this.#exchange!
    if (timeoutMs === undefined) this.#owner.wheel.disarm(this)
    else this.#owner.wheel.arm(this, timeoutMs)
    this.#gotBytes = false
    this.#interim = 0
    this.#discarding = false
    this.#discardedBytes = 0
    const socket = this.#socket
    if (prepared.stream !== undefined) {
      this.#requestSent = false
      void this.#sendStream(prepared, this.#exchange!)
      return
    }
    if (prepared.buffers.length === 0) {
      socket.write(prepared.head, 'latin1')
      return
    }
    socket.cork()
    socket.write(prepared.head, 'latin1')
    for (const buffer of prepared.buffers) socket.write(buffer)
    socket.uncork()
  }

  async #sendStream(prepared: PreparedRequest, exchange: Exchange): Promise<void> {
    const socket = this.#socket
    let head = prepared.head
    try {
      for await (const chunk of prepared.stream!) {
        if (this.#exchange !== exchange) return
        if (chunk.length === 0) continue
        socket.cork()
        socket.write(prepared.chunked ? head + chunkStart(chunk.length) : head, 'latin1')
        socket.write(chunk)
        if (prepared.chunked) socket.write(CHUNK_END, 'latin1')
        socket.uncork()
        head = ''
        if (socket.writableNeedDrain) await drained(socket)
      }
    } catch (error) {
      if (this.#exchange !== exchange) return
      this.destroy(new HttpClientError('aborted', 'the request body failed', { cause: error }))
      return
    }
    if (this.#exchange !== exchange) return
    const text = prepared.chunked ? head + lastChunk() : head
    if (text !== '') socket.write(text, 'latin1')
    this.#requestSent = true
  }

  // ---- receiving

  readonly #onData = (chunk: Buffer): void => {
    if (this.#closed) return
    if (this.#exchange === undefined) {
      // Nobody asked: whatever it is, it must not become the answer to the next request.
      this.destroy()
      return
    }
    this.#gotBytes = true
    try {
      this.#read(chunk)
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error
      const message = `${this.#owner.dialer.peer} sent a malformed response: ${error.message}`
      this.destroy(new HttpClientError('malformed_response', message, { cause: error }))
    }
  }

  #read(chunk: Buffer): void {
    let at = 0
    while (this.#head === undefined) {
      const head = this.#assembler.take(chunk, at, this.#parseHead)
      if (head === undefined) return
      at = this.#assembler.next
      if (head.status >= 200) this.#begin(head)
      else this.#skipInterim(head.status)
      if (at === chunk.length && this.#head === undefined) return
    }
    if (this.#decoder !== undefined) {
      at = this.#decoder.decode(chunk, at, this.#pushBody)
      if (at === -1) {
        if (this.#discardedBytes > MAX_DISCARD_BYTES) this.destroy()
        return
      }
    }
    this.#finish(chunk.length > at)
  }

  readonly #parseHead = (text: string): ResponseHead =>
    parseResponseHead(text, this.#exchange!.prepared.method, this.#owner.limits)

  #skipInterim(status: number): void {
    if (status === 101 || ++this.#interim > MAX_INTERIM) throw new Http1Error('bad_status_line')
  }

  #begin(head: ResponseHead): void {
    const exchange = this.#exchange!
    this.#head = head
    this.#decoder = createBodyDecoder(head.framing, this.#owner.limits)
    this.#body =
      this.#decoder === undefined
        ? emptyBody()
        : new IncomingBody(this, head.framing.kind === 'length' ? head.framing.length : undefined)
    exchange.succeed({ status: head.status, headers: head.headers, body: this.#body })
  }

  readonly #pushBody = (slice: Buffer): void => {
    if (this.#discarding) this.#discardedBytes += slice.length
    else this.#body!.push(slice)
  }

  #finish(moreBytes: boolean): void {
    const head = this.#head!
    const exchange = this.#exchange!
    const trailers = this.#decoder?.trailers
    // Bytes after the response belong to no request: the two sides disagree about where it ends.
    const reusable = head.persistent && this.#requestSent && !moreBytes && !exchange.prepared.close
    const body = this.#body!
    this.#exchange = undefined
    this.#head = undefined
    this.#decoder = undefined
    this.#body = undefined
    body.end(trailers)
    exchange.over()
    if (!reusable) {
      this.destroy()
      return
    }
    this.#carried++
    this.#socket.resume()
    this.#idleMs = Math.min(this.#owner.idleTimeoutMs, keepAliveMs(head.headers))
    this.#owner.wheel.arm(this, this.#idleMs)
    this.#owner.free(this)
  }

  // ---- the body's side

  bodyWanted(): void {
    this.#socket.resume()
  }

  bodyFull(): void {
    this.#socket.pause()
  }

  bodyDiscarded(): void {
    this.#discarding = true
    if (this.#decoder === undefined) return
    const left = this.#decoder.remainingBytes()
    if (
      this.#head?.framing.kind === 'until_close' ||
      (left !== Number.POSITIVE_INFINITY && left > MAX_DISCARD_BYTES)
    )
      this.destroy()
    else this.#socket.resume()
  }

  bodyTooLarge(maxBytes: number): Error {
    const message = `the response of ${this.#owner.dialer.peer} is larger than ${maxBytes} bytes`
    return new HttpClientError('too_large', message)
  }

  // ---- the end

  readonly #onEnd = (): void => {
    if (this.#head?.framing.kind === 'until_close') this.#finish(false)
    else this.#socket.destroy()
  }

  readonly #onClose = (): void => {
    this.#close()
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#owner.wheel.remove(this)
    const { peer } = this.#owner.dialer
    if (!this.#connected) {
      const cause =
        this.#error ?? Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })
      this.#fail(connectError(cause, peer), false)
    } else this.#fail(brokenError(this.#error, peer), this.#carried > 0 && !this.#gotBytes)
    this.#owner.closed(this)
  }

  #fail(error: HttpClientError, stale: boolean): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    const headArrived = this.#head !== undefined
    this.#exchange = undefined
    this.#head = undefined
    this.#decoder = undefined
    const body = this.#body
    this.#body = undefined
    if (headArrived) {
      body?.fail(error)
      exchange.over()
    } else exchange.fail(error, stale)
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}

/** `Keep-Alive: timeout=5` is the server's promise; a second less keeps us from racing its end. */
function keepAliveMs(headers: HeaderList): number {
  const match = /(?:^|[ ,;])timeout="?([0-9]{1,6})/i.exec(headers.get('keep-alive') ?? '')
  return match === null ? Number.POSITIVE_INFINITY : Math.max(Number(match[1]) * 1000 - 1000, 0)
}
