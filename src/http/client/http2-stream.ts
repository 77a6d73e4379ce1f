import type { Framing } from '../../wire/http1/framing.ts'
import type { HeaderList } from '../../wire/http1/headers.ts'
import { ErrorCode, type ErrorName, errorName } from '../../wire/http2/error.ts'
import { MessageFault, readResponse, readTrailers } from '../../wire/http2/message.ts'
import { Http2Stream } from '../http2/stream.ts'
import { HttpClientError } from './error.ts'
import type { Http2ClientConnection } from './http2-connection.ts'
import type { Http2Exchange } from './http2-exchange.ts'
import { agreedFields, asksForWebSocket, http2Request, http2WebSocket } from './http2-request.ts'

/** More interim responses than anybody has a use for. */
const MAX_INTERIM = 32

/** One try of a request, on one HTTP/2 connection. */
export class ClientStream extends Http2Stream {
  readonly #client: Http2ClientConnection
  #exchange: Http2Exchange | undefined
  #headSeen = false
  /** The request is an extended CONNECT; `#isTunnel`: the server has agreed. */
  #asksForTunnel = false
  #isTunnel = false
  #interim = 0
  /** What Content-Length has promised and DATA has not brought. */
  #bodyLeft: number | undefined
  #room: PromiseWithResolvers<void> | undefined

  constructor(connection: Http2ClientConnection, id: number, exchange: Http2Exchange) {
    super(connection, id)
    this.#client = connection
    this.#exchange = exchange
  }

  // ---- the request

  send(): void {
    const exchange = this.#exchange!
    const { prepared } = exchange
    const { buffers, stream, pushed } = prepared
    this.#asksForTunnel = asksForWebSocket(prepared)
    const make = this.#asksForTunnel ? http2WebSocket : http2Request
    const { pseudo, fields } = make(prepared, this.#client.secure)
    const bodyless = buffers.length === 0 && stream === undefined && !pushed && !this.#asksForTunnel
    this.connection.sendHeaders(this.id, pseudo, fields, bodyless)
    if (bodyless) this.localEnded = true
    else if (stream !== undefined) void this.#sendStream(stream)
    else if (!pushed && !this.#asksForTunnel) this.#sendBuffers(buffers)
    exchange.ride(this)
  }

  #sendBuffers(buffers: readonly Buffer[]): void {
    for (const buffer of buffers) this.sendData(buffer)
    this.sendEnd(undefined, undefined)
  }

  async #sendStream(stream: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const chunk of stream) {
        if (this.broken) return
        this.sendData(chunk)
        if (this.full) await (this.#room ??= Promise.withResolvers()).promise
      }
    } catch (error) {
      this.#exchange?.cancel(new HttpClientError('aborted', 'the request body failed', { cause: error }))
      return
    }
    this.sendEnd(undefined, undefined)
  }

  /** Nobody wants the answer any more. */
  cancel(): void {
    this.#exchange = undefined
    if (!this.broken && !(this.localEnded && this.remoteEnded)) this.connection.resetStream(this.id, 'CANCEL')
  }

  protected hasRoom(): void {
    this.#room?.resolve()
    this.#room = undefined
    this.#exchange?.room()
  }

  protected waits(): void {
    // How long a request may take is its caller's affair.
  }

  // ---- the answer

  received(list: string[], tooLarge: boolean, endStream: boolean): void {
    if (tooLarge) throw new MessageFault('the header list is larger than this side takes')
    if (!this.#headSeen) this.#receivedHead(list, endStream)
    else if (!endStream) throw new MessageFault('trailers that do not end the stream')
    else {
      const trailers = readTrailers(list)
      this.#checkLength(0, true)
      this.#answered(trailers)
    }
  }

  #receivedHead(list: string[], endStream: boolean): void {
    const { status, headers, contentLength } = readResponse(list)
    if (status < 200) {
      if (endStream || ++this.#interim > MAX_INTERIM) throw new MessageFault('an interim response too many')
      this.#exchange?.interim({ status, headers, framing: { kind: 'none' } })
      return
    }
    this.#headSeen = true
    if (this.#asksForTunnel && status < 300) {
      this.#agreed(headers, endStream)
      return
    }
    const silent = this.#exchange?.prepared.method === 'HEAD' || status === 204 || status === 304
    if (!silent) this.#bodyLeft = contentLength
    else this.#bodyLeft = 0
    if (endStream) this.#checkLength(0, true)
    this.#exchange?.head({ status, headers, framing: framing(endStream || silent, contentLength) })
    if (endStream) this.#answered(undefined)
  }

  #agreed(headers: HeaderList, endStream: boolean): void {
    const exchange = this.#exchange
    this.#isTunnel = true
    if (exchange === undefined) return
    exchange.switched({
      status: 101,
      headers: agreedFields(exchange.prepared, headers),
      framing: { kind: 'none' },
    })
    if (endStream) this.#answered(undefined)
  }

  protected receivedData(slice: Buffer, end: boolean): void {
    if (!this.#headSeen) throw new MessageFault('DATA before the head')
    this.#checkLength(slice.length, end)
    if (slice.length > 0) this.#exchange?.data(slice)
    if (end) this.#answered(undefined)
  }

  #checkLength(bytes: number, end: boolean): void {
    if (this.#bodyLeft === undefined) return
    this.#bodyLeft -= bytes
    if (this.#bodyLeft < 0 || (end && this.#bodyLeft > 0))
      throw new MessageFault('the body is not as long as content-length says')
  }

  #answered(trailers: Parameters<Http2Exchange['answered']>[0]): void {
    this.remoteEnded = true
    const exchange = this.#exchange
    if (this.#isTunnel) {
      // Our side of a tunnel ends by itself.
      exchange?.tunnelEnded()
      if (this.localEnded) this.connection.streamEnded(this)
      return
    }
    this.#exchange = undefined
    this.#client.answered()
    if (this.localEnded) this.connection.streamEnded(this)
    // RFC 9113 section 8.1: the server did not want the rest.
    else if (!this.broken) this.connection.resetStream(this.id, 'NO_ERROR')
    exchange?.answered(trailers)
  }

  // ---- the end

  brokenOff(code: ErrorName | number, byPeer: boolean, fault?: string): void {
    this.#room?.resolve()
    const exchange = this.#exchange
    this.#exchange = undefined
    if (exchange === undefined) return
    const { peer } = this.#client
    const loss = this.#client.loss
    if (byPeer) {
      const refused = code === ErrorCode.REFUSED_STREAM
      const message = `${peer} broke the request off with ${errorName(Number(code))}`
      exchange.fail(new HttpClientError('reset', message, { unsent: refused }), refused, false)
    } else if (loss !== undefined) exchange.fail(loss, false, this.#client.carried && !this.#headSeen)
    else
      exchange.fail(
        new HttpClientError(
          'malformed_response',
          `${peer} sent a malformed response${fault ? `: ${fault}` : ''}`,
        ),
        false,
        false,
      )
  }

  /** The server has said that it did not look at this stream, and will not. */
  unseen(): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.drop()
    this.#room?.resolve()
    const message = `${this.#client.peer} is going away and did not take the request`
    exchange?.fail(new HttpClientError('reset', message, { unsent: true }), true, false)
  }

  finished(): void {}
}

function framing(none: boolean, contentLength: number | undefined): Framing {
  if (none) return { kind: 'none' }
  return contentLength === undefined ? { kind: 'chunked' } : { kind: 'length', length: contentLength }
}
