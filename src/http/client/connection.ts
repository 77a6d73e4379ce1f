import type { Socket } from 'node:net'
import { type BodyDecoder, createBodyDecoder } from '../../wire/http1/body.ts'
import { CHUNK_END, chunkStart, lastChunk } from '../../wire/http1/encode.ts'
import { Http1Error } from '../../wire/http1/error.ts'
import type { ResponseHead } from '../../wire/http1/head.ts'
import { HeadAssembler } from '../../wire/http1/head-assembler.ts'
import type { HeaderList } from '../../wire/http1/headers.ts'
import type { HeadLimits } from '../../wire/http1/limits.ts'
import type { Deadline, DeadlineWheel } from '../deadline-wheel.ts'
import { askForMore } from '../socket-reading.ts'
import type { Dialer } from './dial.ts'
import { brokenError, connectError, HttpClientError } from './error.ts'
import { inParts, isLong } from './long-body.ts'
import type { PreparedRequest } from './request.ts'
import type { ResponseHeads } from './response-heads.ts'

/** What a connection tells its pool. */
export interface ConnectionOwner {
  readonly dialer: Dialer
  readonly wheel: DeadlineWheel
  readonly limits: HeadLimits
  readonly heads: ResponseHeads
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  /** It can carry a request. */
  free(connection: ClientConnection): void
  /** It is gone. */
  closed(connection: ClientConnection): void
}

/** One request under way on a connection; all calls come synchronously, from the socket's events. */
export interface Exchange {
  readonly prepared: PreparedRequest
  /** What is left until it must be over; undefined: no limit. */
  readonly timeoutMs: number | undefined
  /** The connection takes the body of the request (only for a pushed one). */
  ready(): void
  /** The connection takes more of it. */
  room(): void
  interim(head: ResponseHead): void
  head(head: ResponseHead): void
  data(slice: Buffer): void
  /** The answer is complete; the connection is not this exchange's any more. */
  answered(trailers: HeaderList | undefined): void
  /** No answer, or no more of it. `stale` = the kept connection was closed before it brought a byte: another one may do. */
  fail(error: HttpClientError, stale: boolean): void
  /** The server speaks another protocol from here on; the socket is paused and without listeners. */
  switched(head: ResponseHead, socket: Socket, rest: Buffer): void
}

/** More interim responses than anybody has a use for. */
const MAX_INTERIM = 32
/** What is read of a response that nobody wants, to keep its connection. */
const MAX_DISCARD_BYTES = 64 * 1024

/** One connection to an origin: one request at a time. Never lets a socket error escape. */
export class ClientConnection implements Deadline {
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
  #gotBytes = false
  #interim = 0
  #requestSent = true
  /** The head of a pushed request, until its first bytes come or the turn ends. */
  #heldHead = ''
  #watchesRoom = false
  #paused = false
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
    if (prepared.pushed) {
      this.#requestSent = false
      this.#heldHead = prepared.head
      this.#exchange!.ready()
      if (this.#heldHead !== '') process.nextTick(flushHead, this)
      return
    }
    const stream = prepared.stream ?? (isLong(prepared.buffers) ? inParts(prepared.buffers) : undefined)
    if (stream !== undefined) {
      this.#requestSent = false
      void this.#sendStream(prepared, stream, this.#exchange!)
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

  /** A part of a pushed body; false: `room` tells when to go on. */
  put(chunk: Buffer): boolean {
    if (this.#exchange === undefined || this.#closed) return true
    const socket = this.#socket
    const { chunked } = this.#exchange.prepared
    const before = chunked ? this.#heldHead + chunkStart(chunk.length) : this.#heldHead
    this.#heldHead = ''
    if (before === '') socket.write(chunk)
    else {
      socket.cork()
      socket.write(before, 'latin1')
      socket.write(chunk)
      if (chunked) socket.write(CHUNK_END, 'latin1')
      socket.uncork()
    }
    if (!socket.writableNeedDrain) return true
    if (!this.#watchesRoom) {
      this.#watchesRoom = true
      socket.on('drain', () => this.#exchange?.room())
    }
    return false
  }

  /** The end of a pushed body. */
  endPut(trailers: HeaderList | undefined): void {
    if (this.#exchange === undefined || this.#closed) return
    const text = this.#exchange.prepared.chunked ? this.#heldHead + lastChunk(trailers) : this.#heldHead
    this.#heldHead = ''
    if (text !== '') this.#socket.write(text, 'latin1')
    this.#requestSent = true
  }

  /** Sends the head of a pushed request that no byte has followed yet. */
  flush(): void {
    if (this.#heldHead === '' || this.#closed) return
    this.#socket.write(this.#heldHead, 'latin1')
    this.#heldHead = ''
  }

  async #sendStream(
    prepared: PreparedRequest,
    stream: AsyncIterable<Buffer>,
    exchange: Exchange,
  ): Promise<void> {
    const socket = this.#socket
    let head = prepared.head
    try {
      for await (const chunk of stream) {
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
    askForMore(this.#socket)
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
      if (this.#switches(head)) {
        this.#release(head, chunk.subarray(at))
        return
      }
      if (head.status >= 200) this.#begin(head)
      else this.#takeInterim(head)
      // Whoever heard of it may have ended the exchange.
      if (this.#exchange === undefined) return
      if (at === chunk.length && this.#head === undefined) return
    }
    if (this.#decoder !== undefined) {
      at = this.#decoder.decode(chunk, at, this.#pushBody)
      if (this.#exchange === undefined) return
      if (at === -1) {
        if (this.#discardedBytes > MAX_DISCARD_BYTES) this.destroy()
        return
      }
    }
    this.#finish(chunk.length > at)
  }

  readonly #parseHead = (text: string): ResponseHead =>
    this.#owner.heads.read(text, this.#exchange!.prepared.method)

  #switches({ status }: ResponseHead): boolean {
    const { switches, method } = this.#exchange!.prepared
    return switches && (status === 101 || (method === 'CONNECT' && status >= 200 && status < 300))
  }

  #release(head: ResponseHead, rest: Buffer): void {
    const exchange = this.#exchange!
    const socket = this.#socket
    this.#exchange = undefined
    this.#closed = true
    socket.removeAllListeners()
    socket.on('error', () => {})
    socket.pause()
    this.#owner.wheel.remove(this)
    this.#owner.closed(this)
    exchange.switched(head, socket, rest)
  }

  #takeInterim(head: ResponseHead): void {
    if (head.status === 101 || ++this.#interim > MAX_INTERIM) throw new Http1Error('bad_status_line')
    this.#exchange!.interim(head)
  }

  #begin(head: ResponseHead): void {
    this.#head = head
    this.#decoder = createBodyDecoder(head.framing, this.#owner.limits)
    this.#exchange!.head(head)
  }

  readonly #pushBody = (slice: Buffer): void => {
    if (this.#discarding) this.#discardedBytes += slice.length
    else this.#exchange?.data(slice)
  }

  #finish(moreBytes: boolean): void {
    const head = this.#head!
    const exchange = this.#exchange!
    const trailers = this.#decoder?.trailers
    // Bytes after the response belong to no request: the two sides disagree about where it ends.
    const reusable = head.persistent && this.#requestSent && !moreBytes && !exchange.prepared.close
    this.#exchange = undefined
    this.#head = undefined
    this.#decoder = undefined
    if (reusable) {
      this.#carried++
      this.resume()
      this.#idleMs = Math.min(this.#owner.idleTimeoutMs, keepAliveMs(head.keepAlive))
      this.#owner.wheel.arm(this, this.#idleMs)
      this.#owner.free(this)
    }
    exchange.answered(trailers)
    if (!reusable) this.destroy()
  }

  // ---- the reader's side

  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#socket.resume()
  }

  /** Nobody wants the rest: it is read when it is little, else the connection ends. */
  discard(): void {
    this.#discarding = true
    if (this.#decoder === undefined) return
    const left = this.#decoder.remainingBytes()
    if (
      this.#head?.framing.kind === 'until_close' ||
      (left !== Number.POSITIVE_INFINITY && left > MAX_DISCARD_BYTES)
    )
      this.destroy()
    else this.resume()
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
    this.#exchange = undefined
    this.#head = undefined
    this.#decoder = undefined
    exchange.fail(error, stale)
  }
}

function flushHead(connection: ClientConnection): void {
  connection.flush()
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
function keepAliveMs(value: string | undefined): number {
  if (value === undefined) return Number.POSITIVE_INFINITY
  const match = /(?:^|[ ,;])timeout="?([0-9]{1,6})/i.exec(value)
  return match === null ? Number.POSITIVE_INFINITY : Math.max(Number(match[1]) * 1000 - 1000, 0)
}
