import type { Duplex } from 'node:stream'
import { type HeaderInit, HeaderList } from '../../wire/http1/headers.ts'
import {
  hasNoBody,
  ResponseBody,
  type ResponsePeer,
  ServerResponse,
  type TakenOver,
  type Tunnel,
} from './response.ts'

const NO_HEADERS: HeaderInit = {}
const EMPTY = Buffer.alloc(0)

/** The stream as a response sees it. */
export interface ResponseStream extends ResponsePeer {
  readonly full: boolean
  sendHead(status: number, fields: HeaderList, end: boolean): void
  sendData(data: Buffer): void
  sendEnd(last: Buffer | undefined, trailers: HeaderList | undefined): void
  /** As ResponseBody.write returns it. */
  drained(): Promise<void> | undefined
  /** The bodies of the request and of this answer are a tunnel. */
  tunnel(answer: ResponseBody): Duplex
  /** Breaks the stream off, not the connection. */
  abort(): void
}

export class Http2Response extends ServerResponse {
  readonly #stream: ResponseStream
  readonly #isHead: boolean

  constructor(stream: ResponseStream, isHead: boolean) {
    super(stream)
    this.#stream = stream
    this.#isHead = isHead
  }

  send(status: number, headers: HeaderInit = NO_HEADERS, body?: string | Buffer): void {
    const data = typeof body === 'string' ? Buffer.from(body) : body
    const length = data?.length ?? 0
    const bodyless = hasNoBody(status)
    const { fields, declared } = this.prepare(status, headers)
    if (declared !== undefined && declared !== length && !this.#isHead && !bodyless)
      throw new RangeError(`Content-Length says ${declared} bytes, the body has ${length}`)
    if (declared === undefined && !bodyless) fields.append('Content-Length', String(length))
    const silent = this.#isHead || bodyless || length === 0
    this.#commit(status, fields, silent)
    this.ended = true
    if (!silent) this.#stream.sendEnd(data, undefined)
  }

  start(status: number, headers: HeaderInit = NO_HEADERS): ResponseBody {
    const { fields, declared } = this.prepare(status, headers)
    return this.#begin(status, fields, declared)
  }

  relay(status: number, fields: HeaderList, declaredBytes: number | undefined): ResponseBody {
    if (this.headersSent) throw new Error('the response has been sent already')
    return this.#begin(status, fields, declaredBytes)
  }

  takeOver(): TakenOver {
    throw new Error('a stream of HTTP/2 cannot be taken over: its two bodies are the tunnel')
  }

  agree(fields: HeaderList): Tunnel {
    fields.delete('sec-websocket-accept')
    return { stream: this.#stream.tunnel(this.relay(200, fields, undefined)), rest: EMPTY }
  }

  abort(): void {
    if (this.headersSent) throw new Error('the response has been sent already')
    this.headersSent = true
    this.ended = true
    this.#stream.abort()
  }

  inform(status: number, headers: HeaderInit = NO_HEADERS): void {
    this.checkInterim(status)
    this.#stream.sendHead(status, HeaderList.from(headers), false)
  }

  #begin(status: number, fields: HeaderList, declared: number | undefined): ResponseBody {
    const silent = this.#isHead || hasNoBody(status)
    this.#commit(status, fields, false)
    return new Http2ResponseBody(this.#stream, silent, silent ? undefined : declared, () => {
      this.ended = true
    })
  }

  #commit(status: number, fields: HeaderList, end: boolean): void {
    this.#stream.sendHead(status, fields, end)
    this.headersSent = true
    this.status = status
    this.ended = end
  }
}

class Http2ResponseBody extends ResponseBody {
  readonly #stream: ResponseStream
  readonly #silent: boolean
  readonly #onEnd: () => void
  #left: number | undefined
  #ended = false

  constructor(stream: ResponseStream, silent: boolean, declaredBytes: number | undefined, onEnd: () => void) {
    super()
    this.#stream = stream
    this.#silent = silent
    this.#left = declaredBytes
    this.#onEnd = onEnd
  }

  write(chunk: string | Buffer): Promise<void> | undefined {
    this.#send(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
    return this.#silent ? undefined : this.#stream.drained()
  }

  put(chunk: Buffer): boolean {
    this.#send(chunk)
    return !this.#stream.full
  }

  end(trailers?: HeaderInit): void {
    if (this.#ended) return
    const fields = trailers === undefined || this.#silent ? undefined : HeaderList.from(trailers)
    // They may have to wait for the body; what is wrong with them must be said now.
    fields?.allLines()
    this.#ended = true
    if (this.#left !== undefined && this.#left > 0) {
      this.#stream.abort()
      throw new RangeError(`the response body ended ${this.#left} bytes before its Content-Length`)
    }
    this.#onEnd()
    this.#stream.sendEnd(undefined, fields)
  }

  flush(): void {
    // Frames leave by themselves when the turn ends.
  }

  abort(): void {
    if (this.#ended) return
    this.#ended = true
    this.#stream.abort()
  }

  #send(data: Buffer): void {
    if (this.#ended) throw new Error('write after the end of the response')
    if (this.#silent) return
    if (this.#left !== undefined) {
      if (data.length > this.#left)
        throw new RangeError('the response body is longer than its Content-Length')
      this.#left -= data.length
    }
    this.#stream.sendData(data)
  }
}
