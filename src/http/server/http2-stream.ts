import type { Duplex } from 'node:stream'
import type { HeaderList } from '../../wire/http1/headers.ts'
import type { ErrorName } from '../../wire/http2/error.ts'
import { type Http2RequestHead, MessageFault, readTrailers } from '../../wire/http2/message.ts'
import type { Deadline } from '../deadline-wheel.ts'
import { Http2Stream } from '../http2/stream.ts'
import { type BodySource, emptyBody, IncomingBody } from '../incoming-body.ts'
import type { ServerContext } from './context.ts'
import { bodyTimeout, bodyTooLarge, clientGone, HttpServerError } from './error.ts'
import type { Http2ServerConnection } from './http2-connection.ts'
import { Http2Response, type ResponseStream } from './http2-response.ts'
import { type Client, ServerRequest } from './request.ts'
import type { ResponseBody } from './response.ts'
import { streamTunnel } from './stream-tunnel.ts'
import { websocketRequest } from './websocket-request.ts'

/** One request and its answer on an HTTP/2 connection. */
export class ServerStream extends Http2Stream implements Deadline, BodySource, ResponseStream {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly response: Http2Response
  readonly #context: ServerContext
  #body: IncomingBody = emptyBody()
  /** What Content-Length has promised and DATA has not brought. */
  #bodyLeft: number | undefined
  #owesContinue = false
  /** Its bodies speak another protocol: each side ends, and is silent, as it likes. */
  #isTunnel = false
  #room: PromiseWithResolvers<void> | undefined

  #headers: HeaderList | undefined

  constructor(connection: Http2ServerConnection, context: ServerContext, id: number, isHead: boolean) {
    super(connection, id)
    this.#context = context
    this.response = new Http2Response(this, isHead)
  }

  /** Hands the request to the handler. */
  serve(head: Http2RequestHead, client: Client): void {
    const { options } = this.#context
    if (head.framing.kind !== 'none') {
      this.#bodyLeft = head.framing.kind === 'length' ? head.framing.length : undefined
      this.#body = new IncomingBody(this, this.#bodyLeft)
      this.#owesContinue = head.expectsContinue
      this.#headers = head.headers
    }
    const { protocol } = head
    const isWebSocket = protocol === 'websocket' && options.servesWebSockets === true
    const asked = isWebSocket ? websocketRequest(head) : head
    const request = new ServerRequest(asked, this.#body, client)
    this.response.opensTunnel = isWebSocket
    if (asked.method === 'CONNECT' && (options.servesConnect !== true || protocol !== undefined)) {
      this.response.send(
        501,
        { 'Content-Type': 'text/plain' },
        protocol === undefined
          ? 'CONNECT is not served here\n'
          : 'of protocols only websocket is served here\n',
      )
      return
    }
    try {
      const result = options.handler(request, this.response)
      if (result !== undefined)
        result.then(
          () => {
            if (!this.response.headersSent && !this.broken)
              this.#handlerFailed(new Error('the handler ended without an answer'), request)
          },
          error => this.#handlerFailed(error, request),
        )
    } catch (error) {
      this.#handlerFailed(error, request)
    }
  }

  #handlerFailed(error: unknown, request: ServerRequest): void {
    const known = error instanceof HttpServerError
    if (!known) this.#context.options.onError?.(error, request)
    if (this.broken || this.response.ended) return
    if (this.response.headersSent) {
      this.abort()
      return
    }
    const status = known ? error.status : 500
    const text = known ? error.message : 'the server failed to answer this request'
    this.response.send(status, { 'Content-Type': 'text/plain; charset=utf-8' }, `${text}\n`)
  }

  // ---- the request's side

  received(list: string[], tooLarge: boolean, endStream: boolean): void {
    if (!endStream || tooLarge) throw new MessageFault('trailers that do not end the stream, or too many')
    const trailers = readTrailers(list)
    this.#checkLength(0, true)
    this.remoteEnded = true
    this.#endBody(trailers)
    this.connection.streamEnded(this)
  }

  protected receivedData(slice: Buffer, end: boolean): void {
    this.#owesContinue = false
    this.#checkLength(slice.length, end)
    if (slice.length > 0) this.#body.push(slice)
    if (end) this.#endBody(undefined)
    else if (this.localEnded) return
    else if (this.#body.waiting) this.#context.wheel.arm(this, this.#context.limits.bodyStallMs)
    else if (!this.full) this.#context.wheel.disarm(this)
  }

  #checkLength(bytes: number, end: boolean): void {
    if (this.#bodyLeft === undefined) return
    this.#bodyLeft -= bytes
    if (this.#bodyLeft < 0 || (end && this.#bodyLeft > 0))
      throw new MessageFault('the body is not as long as content-length says')
  }

  #endBody(trailers: HeaderList | undefined): void {
    if (!this.full) this.#context.wheel.disarm(this)
    this.#body.end(trailers)
  }

  bodyWanted(): void {
    this.paused = false
    if (this.#owesContinue && !this.response.headersSent) this.response.inform(100)
    this.#owesContinue = false
    this.giveBack()
    if (!this.remoteEnded && !this.broken) this.#context.wheel.arm(this, this.#context.limits.bodyStallMs)
  }

  bodyFull(): void {
    this.paused = true
  }

  bodyDiscarded(): void {
    this.paused = false
    this.giveBack()
  }

  bodyTooLarge(maxBytes: number): Error {
    return bodyTooLarge(maxBytes)
  }

  // ---- the response's side

  get gone(): boolean {
    return this.broken
  }

  date(): string {
    return this.#context.date()
  }

  sendHead(status: number, fields: HeaderList, end: boolean): void {
    if (this.broken) return
    this.connection.sendHeaders(this.id, [':status', String(status)], fields, end)
    if (end) this.ended()
  }

  override ended(): void {
    super.ended()
    if (this.remoteEnded || this.broken || this.#isTunnel) return
    const { maxDiscardBytes, lingerMs } = this.#context.limits
    // What is as good as sent is read over: clients such as curl 7 take a reset on the way for a failure.
    if (!this.#owesContinue && this.#bodyLeft !== undefined && this.#bodyLeft <= maxDiscardBytes) {
      this.#body.discard()
      this.#context.wheel.arm(this, lingerMs)
    } else this.#refuseRest()
  }

  /** RFC 9113 section 8.1: the answer is complete, the rest of the request is not wanted. */
  #refuseRest(): void {
    this.connection.resetStream(this.id, 'NO_ERROR')
  }

  tunnel(answer: ResponseBody): Duplex {
    this.#isTunnel = true
    this.#context.wheel.disarm(this)
    return streamTunnel(this.#body, answer, this.response)
  }

  drained(): Promise<void> | undefined {
    if (!this.full && !this.broken) return undefined
    if (this.#room === undefined) {
      this.#room = Promise.withResolvers()
      // A handler that does not wait for room must not end the process when the client goes.
      this.#room.promise.catch(() => {})
      if (this.broken) this.#room.reject(clientGone())
    }
    return this.#room.promise
  }

  abort(): void {
    if (!this.broken)
      this.connection.resetStream(this.id, this.#isTunnel ? 'CONNECT_ERROR' : 'INTERNAL_ERROR')
  }

  protected hasRoom(): void {
    this.#room?.resolve()
    this.#room = undefined
    this.response.hasRoom()
  }

  protected waits(waiting: boolean): void {
    if (waiting) this.#context.wheel.arm(this, this.#context.limits.writeStallMs)
    else this.#context.wheel.disarm(this)
  }

  // ---- the end

  expire(): void {
    if (this.localEnded) this.#refuseRest()
    else if (this.full) this.connection.resetStream(this.id, 'CANCEL')
    else if (this.#body.waiting && !this.#isPatient) {
      const { bodyStallMs } = this.#context.limits
      this.#body.fail(bodyTimeout(bodyStallMs))
    }
  }

  /** Nobody has to send: the answer is under way, or it is gRPC, whose streams may be silent for hours. */
  get #isPatient(): boolean {
    return (
      this.#isTunnel ||
      this.response.headersSent ||
      this.#headers?.get('content-type')?.startsWith('application/grpc') === true
    )
  }

  brokenOff(_code: ErrorName | number, _byPeer: boolean, fault?: string): void {
    this.#context.wheel.remove(this)
    if (this.localEnded && !this.#isTunnel) this.#body.discard()
    else
      this.#body.fail(fault === undefined ? clientGone() : new HttpServerError('body_malformed', 400, fault))
    this.#room?.reject(clientGone())
    this.#room = undefined
    if (!this.localEnded) this.response.connectionClosed()
  }

  finished(): void {
    this.#context.wheel.remove(this)
  }
}
