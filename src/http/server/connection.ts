import type { Socket } from 'node:net'
import { type BodyDecoder, createBodyDecoder } from '../../wire/http1/body.ts'
import { Http1Error } from '../../wire/http1/error.ts'
import type { RequestHead } from '../../wire/http1/head.ts'
import { HeadAssembler } from '../../wire/http1/head-assembler.ts'
import { PREFACE_HEAD } from '../../wire/http2/frame.ts'
import type { Deadline } from '../deadline-wheel.ts'
import { type BodySource, emptyBody, IncomingBody } from '../incoming-body.ts'
import { askForMore } from '../socket-reading.ts'
import { SocketWriter } from '../socket-writer.ts'
import type { TlsPeer } from '../tls/acceptor.ts'
import type { ServedConnection, ServerContext } from './context.ts'
import { bodyCutOff, bodyTimeout, bodyTooLarge, clientGone, HeadTimeout, HttpServerError } from './error.ts'
import { HalfClosed } from './half-closed.ts'
import { Http1Response, type ResponseChannel, refusal, refuseConnect } from './http1-response.ts'
import { type Client, clientOf, ServerRequest } from './request.ts'
import { RequestHeads } from './request-heads.ts'
import type { ResponseBody, ServerResponse, TakenOver } from './response.ts'
import type { RejectedInput } from './server.ts'

const EMPTY = Buffer.alloc(0)
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

/**
 * One HTTP/1.1 connection: reads one request at a time, answers it, and only then looks at the next, so that
 * pipelined requests are answered in order. Knows four states of reading: a head, a body, waiting for the answer
 * (later bytes are kept back), and closing (bytes are dropped until the peer has closed).
 */
export class ServerConnection implements ServedConnection, Deadline, BodySource, ResponseChannel {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly #context: ServerContext
  readonly #socket: Socket
  readonly #writer: SocketWriter
  readonly #assembler: HeadAssembler
  readonly #client: Client
  readonly #heads: RequestHeads
  #decoder: BodyDecoder | undefined
  #body: IncomingBody | undefined
  #response: ServerResponse | undefined
  /** Bytes of later requests, while one is answered. */
  #backlog: Buffer | undefined
  #consuming = false
  /** What was dropped of a body whose answer is out already. */
  #discardedBytes = 0
  /** The client waits for `100 Continue`. */
  #owesContinue = false
  /** No further request is read after the present one. */
  #lastRequest = false
  #closing = false
  #halfClosed: HalfClosed | undefined
  #released = false

  constructor(context: ServerContext, socket: Socket, tls: TlsPeer | undefined) {
    this.#context = context
    this.#socket = socket
    this.#writer = new SocketWriter(socket, context.wheel, context.limits.writeStallMs)
    this.#assembler = new HeadAssembler('request', context.limits)
    this.#heads = new RequestHeads(context.limits, context.options.versions !== 'http1')
    this.#writer.onRoom = () => this.#response?.hasRoom()
    this.#client = clientOf(socket, tls)
    // A client may close its sending side after the request and still read the answer.
    socket.allowHalfOpen = true
    socket.setNoDelay(true)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    context.wheel.arm(this, context.limits.headTimeoutMs)
  }

  /** No request is under way and none has begun to arrive. */
  get idle(): boolean {
    return this.#response === undefined && this.#assembler.empty && !this.#closing
  }

  /** Ends after the present request, or after one that comes soon. */
  finish(): void {
    this.#lastRequest = true
    const { drainIdleMs } = this.#context.limits
    if (this.idle && drainIdleMs > 0) this.#context.wheel.arm(this, drainIdleMs)
    else if (this.idle) this.#linger()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  expire(): void {
    const { limits } = this.#context
    if (this.#closing) this.destroy()
    else if (this.#halfClosed !== undefined) {
      if (this.#halfClosed.isPatient(this.#response!)) this.#context.wheel.arm(this, this.#halfClosed.waitMs)
      else this.destroy()
    } else if (this.#decoder !== undefined) {
      // Once its answer is under way nobody has to go on sending.
      if (this.#response !== undefined && (!this.#body!.waiting || this.#response.headersSent)) return
      this.#failBody(bodyTimeout(limits.bodyStallMs))
    } else if (this.#assembler.empty) this.#linger()
    else {
      this.#refuse(new HeadTimeout(), 408)
    }
  }

  // ---- reading

  readonly #onData = (chunk: Buffer): void => {
    askForMore(this.#socket)
    if (this.#closing) return
    if (this.#backlog !== undefined) {
      this.#keepBack(Buffer.concat([this.#backlog, chunk]))
      return
    }
    this.#consume(chunk)
  }

  #consume(chunk: Buffer): void {
    this.#consuming = true
    try {
      this.#read(chunk)
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error
      if (this.#decoder === undefined) this.#refuse(error, error.status)
      else {
        this.#context.options.onRejected?.(error, this.#client.address)
        this.#failBody(new HttpServerError('body_malformed', error.status, error.message, { cause: error }))
      }
    } finally {
      this.#consuming = false
    }
  }

  #read(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#closing && !this.#released) {
      if (this.#decoder !== undefined) {
        at = this.#readBody(chunk, at)
        if (at === -1) return
      } else if (this.#response !== undefined) {
        this.#keepBack(chunk.subarray(at))
        return
      } else {
        const wasEmpty = this.#assembler.empty
        const head = this.#assembler.take(chunk, at, this.#heads.read)
        if (head === undefined) {
          if (wasEmpty) this.#context.wheel.arm(this, this.#context.limits.headTimeoutMs)
          return
        }
        at = this.#assembler.next
        // A handler that takes the connection over wants these too.
        if (at < chunk.length) this.#backlog = chunk.subarray(at)
        if (head === 'http2') {
          this.#switch(chunk.subarray(at))
          return
        }
        this.#begin(head, chunk, at)
        if (!this.#released) this.#backlog = undefined
      }
    }
  }

  #switch(rest: Buffer): void {
    this.#detach()
    this.#context.switched(this, this.#socket, this.#client.tls, PREFACE_HEAD.length + 2).take(rest)
  }

  #keepBack(bytes: Buffer): void {
    this.#backlog = bytes
    if (bytes.length > this.#context.limits.maxBacklogBytes) this.#socket.pause()
  }

  #readBody(chunk: Buffer, at: number): number {
    // RFC 9110 section 10.1.1: a client that did not wait needs no 100 any more.
    this.#owesContinue = false
    const next = this.#decoder!.decode(chunk, at, this.#pushBody)
    if (next !== -1) {
      const { trailers } = this.#decoder!
      this.#decoder = undefined
      this.#context.wheel.disarm(this)
      this.#body!.end(trailers)
      if (this.#response === undefined) this.#exchangeEnded()
    } else if (this.#response === undefined) {
      if (this.#discardedBytes > this.#context.limits.maxDiscardBytes) this.#linger()
    } else if (this.#body!.full) this.#context.wheel.disarm(this)
    else this.#context.wheel.arm(this, this.#context.limits.bodyStallMs)
    return next
  }

  readonly #pushBody = (slice: Buffer): void => {
    if (this.#response === undefined) this.#discardedBytes += slice.length
    else this.#body!.push(slice)
  }

  // ---- one exchange

  #begin(head: RequestHead, chunk: Buffer, at: number): void {
    const { options, limits, wheel } = this.#context
    wheel.disarm(this)
    if (!head.persistent) this.#lastRequest = true
    this.#decoder = createBodyDecoder(head.framing, limits)
    this.#owesContinue = head.expectsContinue && this.#decoder !== undefined
    this.#body =
      this.#decoder === undefined
        ? emptyBody()
        : new IncomingBody(this, head.framing.kind === 'length' ? head.framing.length : undefined)
    this.#discardedBytes = 0
    const request = new ServerRequest(head, this.#body, this.#client)
    const response = new Http1Response(this, head.method === 'HEAD', head.minor)
    this.#response = response
    if (head.upgrade || head.form === 'authority') {
      if (this.#decoder === undefined && this.#offer(request, chunk.subarray(at))) return
      if (head.form === 'authority' && options.servesConnect !== true) {
        refuseConnect(response)
        return
      }
    }
    try {
      const result = options.handler(request, response)
      if (result !== undefined)
        result.then(
          () => this.#handlerDone(request, response),
          error => this.#handlerFailed(error, request, response),
        )
    } catch (error) {
      this.#handlerFailed(error, request, response)
    }
  }

  #offer(request: ServerRequest, rest: Buffer): boolean {
    const { upgrade } = this.#context.options
    if (upgrade === undefined) return false
    const release = (): Socket => {
      this.#release()
      return this.#socket
    }
    return upgrade(request, release, rest)
  }

  #release(): void {
    this.#detach()
    this.#socket.pause()
    this.#context.closed(this)
  }

  #detach(): void {
    this.#released = true
    const socket = this.#socket
    this.#context.wheel.remove(this)
    socket.off('data', this.#onData)
    socket.off('end', this.#onEnd)
    socket.off('error', this.#onError)
    socket.off('close', this.#onClose)
    this.#writer.release()
  }

  #handlerDone(request: ServerRequest, response: ServerResponse): void {
    if (!response.headersSent && !this.#released)
      this.#handlerFailed(new Error('the handler ended without an answer'), request, response)
  }

  #handlerFailed(error: unknown, request: ServerRequest, response: ServerResponse): void {
    const known = error instanceof HttpServerError
    if (!known) this.#context.options.onError?.(error, request)
    if (this.gone || this.#released || response.ended) return
    if (response.headersSent) {
      this.abort()
      return
    }
    const status = known ? error.status : 500
    const text = known ? error.message : 'the server failed to answer this request'
    if (known) this.#lastRequest = true
    response.send(status, { 'Content-Type': 'text/plain; charset=utf-8' }, `${text}\n`)
  }

  /** The answer is out; the request may still be arriving. */
  responseEnded(close: boolean): void {
    this.#response = undefined
    if (close) this.#lastRequest = true
    if (this.#decoder === undefined) {
      this.#exchangeEnded()
      return
    }
    const tooMuch = this.#decoder.remainingBytes() > this.#unknownLengthAllowance()
    if (this.#lastRequest || this.#owesContinue || tooMuch) {
      this.#linger()
      return
    }
    this.#body!.discard()
    this.#context.wheel.arm(this, this.#context.limits.bodyStallMs)
    this.#socket.resume()
  }

  /** A chunked body has no known length: it is read until the limit shows itself. */
  #unknownLengthAllowance(): number {
    const left = this.#decoder!.remainingBytes()
    return left === Number.POSITIVE_INFINITY ? left : this.#context.limits.maxDiscardBytes
  }

  #exchangeEnded(): void {
    this.#body = undefined
    if (this.#lastRequest || this.#context.draining) {
      this.#linger()
      return
    }
    this.#context.wheel.arm(this, this.#context.limits.idleTimeoutMs)
    if (this.#consuming) return
    const backlog = this.#backlog
    if (backlog !== undefined) {
      this.#backlog = undefined
      this.#socket.resume()
      this.#consume(backlog)
    }
    if (this.#halfClosed === undefined) return
    if (this.#response === undefined) this.#linger()
    else this.#context.wheel.arm(this, this.#halfClosed.waitMs)
  }

  // ---- the body's side

  bodyWanted(): void {
    this.continueNow()
    if (this.#decoder === undefined) return
    this.#context.wheel.arm(this, this.#context.limits.bodyStallMs)
    this.#socket.resume()
  }

  bodyFull(): void {
    this.#socket.pause()
  }

  bodyDiscarded(): void {
    this.#socket.resume()
  }

  bodyTooLarge(maxBytes: number): Error {
    return bodyTooLarge(maxBytes)
  }

  #failBody(error: HttpServerError): void {
    this.#decoder = undefined
    this.#lastRequest = true
    this.#body?.fail(error)
    if (this.#response === undefined) this.#linger()
    else this.#socket.pause()
  }

  // ---- writing

  get gone(): boolean {
    return this.#writer.gone
  }

  write(text: string, data?: Buffer, end?: string): void {
    this.#writer.write(text, data, end)
  }

  drained(): Promise<void> | undefined {
    return this.#writer.drained()
  }

  get full(): boolean {
    return this.#writer.full
  }

  takeOver(): TakenOver {
    const rest = this.#backlog ?? EMPTY
    this.#backlog = undefined
    this.#release()
    return { socket: this.#socket, rest }
  }

  flushSoon(body: ResponseBody): void {
    this.#context.flushes.add(body)
  }

  abort(): void {
    this.#writer.reset()
  }

  date(): string {
    return this.#context.date()
  }

  closesAfterResponse(whole: boolean): boolean {
    const { draining, limits } = this.#context
    const unread = whole && this.#decoder !== undefined && !this.#body!.touched
    const tooMuch = unread && (this.#owesContinue || this.#decoder!.remainingBytes() > limits.maxDiscardBytes)
    this.#lastRequest ||=
      draining || tooMuch || (this.#halfClosed !== undefined && this.#backlog === undefined)
    return this.#lastRequest
  }

  continueNow(): void {
    if (!this.#owesContinue) return
    this.#owesContinue = false
    if (!this.#response?.headersSent) this.write(CONTINUE)
  }

  // ---- the end

  /** An answer of our own to what is no request. */
  #refuse(error: RejectedInput, status: number): void {
    const { onRejected, refusalFields } = this.#context.options
    onRejected?.(error, this.#client.address, this.#heads.refused(status))
    this.write(refusal(status, error.message, this.date(), refusalFields?.(status)))
    this.#linger()
  }

  /**
   * Ends our side and drops what still comes until the peer ends its own: closing at once would make the kernel
   * reset the connection, and the peer could lose the answer (RFC 9112 section 9.6).
   */
  #linger(): void {
    if (this.#closing) return
    this.#closing = true
    this.#decoder = undefined
    this.#backlog = undefined
    this.#context.wheel.disarm(this)
    this.#writer.end(() => this.#context.wheel.arm(this, this.#context.limits.lingerMs))
    this.#socket.resume()
  }

  readonly #onEnd = (): void => {
    if (this.#closing) return
    this.#halfClosed = new HalfClosed(this.#socket, this.#context.limits.halfClosedMs)
    if (this.#decoder !== undefined && this.#response !== undefined) this.#failBody(bodyCutOff())
    if (this.#response === undefined) this.#linger()
    else this.#context.wheel.arm(this, this.#halfClosed.waitMs)
  }

  readonly #onError = (): void => {
    this.#writer.gone = true
  }

  readonly #onClose = (): void => {
    this.#writer.closed()
    this.#closing = true
    this.#context.wheel.remove(this)
    this.#backlog = undefined
    this.#decoder = undefined
    this.#body?.fail(clientGone())
    this.#response?.connectionClosed()
    this.#context.closed(this)
  }
}
