import { CHUNK_END, chunkStart, encodeResponseHead, lastChunk } from '../../wire/http1/encode.ts'
import { type HeaderInit, HeaderList } from '../../wire/http1/headers.ts'
import {
  hasNoBody,
  ResponseBody,
  type ResponsePeer,
  ServerResponse,
  type TakenOver,
  type Tunnel,
} from './response.ts'

/** The connection as a response sees it. */
export interface ResponseChannel extends ResponsePeer {
  /** Sends text (latin1) and data as one write. */
  write(text: string, data?: Buffer, end?: string): void
  /** undefined while the socket takes more, else a promise that resolves when it does; rejects when the client is gone. */
  drained(): Promise<void> | undefined
  /** The last byte was given to the socket. `close` = the end of the body is the end of the connection. */
  responseEnded(close: boolean): void
  /** The response cannot be completed: the client must see that. */
  abort(): void
  /** Asked when the head is made: whether the connection ends after this response. `whole` = nobody will read the request's body after it. */
  closesAfterResponse(whole: boolean): boolean
  /** Sends `100 Continue` if the client waits for it: after the final head it could not be sent. */
  continueNow(): void
  /** What was written waits for the client; the observer's `drained` follows. */
  readonly full: boolean
  /** Calls the body's `flush` when this turn of the loop ends. */
  flushSoon(body: ResponseBody): void
  /** Hands over the raw connection, paused and without listeners, and what came after the request's head. */
  takeOver(): TakenOver
}

const NO_HEADERS: HeaderInit = {}
/** What one write may carry: the client's progress is then seen at least this often. */
const PIECE_BYTES = 256 * 1024

export class Http1Response extends ServerResponse {
  readonly #channel: ResponseChannel
  readonly #isHead: boolean
  readonly #minor: 0 | 1

  constructor(channel: ResponseChannel, isHead: boolean, minor: 0 | 1) {
    super(channel)
    this.#channel = channel
    this.#isHead = isHead
    this.#minor = minor
  }

  send(status: number, headers: HeaderInit = NO_HEADERS, body?: string | Buffer): void {
    const length = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
    const bodyless = hasNoBody(status)
    const { fields, close, declared } = this.prepare(status, headers)
    if (declared !== undefined && declared !== length && !this.#isHead && !bodyless)
      throw new RangeError(`Content-Length says ${declared} bytes, the body has ${length}`)
    if (declared === undefined && !bodyless) fields.append('Content-Length', String(length))
    const head = this.#commit(status, fields, close, true)
    if (this.#isHead || bodyless || body === undefined) this.#channel.write(head)
    else if (length > PIECE_BYTES) {
      void this.#sendPieces(head, typeof body === 'string' ? Buffer.from(body) : body, close)
      return
    } else if (typeof body === 'string' && length === body.length) this.#channel.write(head + body)
    else this.#channel.write(head, typeof body === 'string' ? Buffer.from(body) : body)
    this.#end(close)
  }

  start(status: number, headers: HeaderInit = NO_HEADERS): ResponseBody {
    const { fields, close, declared } = this.prepare(status, headers)
    return this.#begin(status, fields, declared, close)
  }

  relay(status: number, fields: HeaderList, declaredBytes: number | undefined): ResponseBody {
    if (this.headersSent) throw new Error('the response has been sent already')
    return this.#begin(status, fields, declaredBytes, false)
  }

  takeOver(): TakenOver {
    if (this.headersSent) throw new Error('the response has been sent already')
    this.headersSent = true
    this.ended = true
    return this.#channel.takeOver()
  }

  agree(fields: HeaderList, protocol: string): Tunnel {
    fields.append('Connection', 'upgrade')
    fields.append('Upgrade', protocol)
    const head = encodeResponseHead(101, fields)
    const { socket, rest } = this.takeOver()
    this.status = 101
    socket.on('error', () => {})
    socket.write(head, 'latin1')
    return { stream: socket, rest }
  }

  #begin(status: number, fields: HeaderList, declared: number | undefined, asked: boolean): ResponseBody {
    const silent = this.#isHead || hasNoBody(status)
    const chunked = !silent && declared === undefined && this.#minor === 1
    const close = asked || (!silent && declared === undefined && this.#minor === 0)
    if (chunked) fields.append('Transfer-Encoding', 'chunked')
    this.#channel.continueNow()
    const head = this.#commit(status, fields, close, false)
    const mode = silent ? 'silent' : chunked ? 'chunked' : 'raw'
    const body = new Http1ResponseBody(this, this.#channel, head, mode, silent ? undefined : declared, close)
    this.#channel.flushSoon(body)
    return body
  }

  abort(): void {
    if (this.headersSent) throw new Error('the response has been sent already')
    this.headersSent = true
    this.ended = true
    this.#channel.abort()
  }

  inform(status: number, headers: HeaderInit = NO_HEADERS): void {
    this.checkInterim(status)
    if (this.#minor === 1) this.#channel.write(encodeResponseHead(status, HeaderList.from(headers)))
  }

  #commit(status: number, fields: HeaderList, close: boolean, whole: boolean): string {
    if (close || this.#channel.closesAfterResponse(whole)) fields.append('Connection', 'close')
    else if (this.#minor === 0) fields.append('Connection', 'keep-alive')
    const head = encodeResponseHead(status, fields)
    this.headersSent = true
    this.status = status
    return head
  }

  async #sendPieces(head: string, body: Buffer, close: boolean): Promise<void> {
    try {
      for (let at = 0; at < body.length; at += PIECE_BYTES) {
        this.#channel.write(at === 0 ? head : '', body.subarray(at, at + PIECE_BYTES))
        await this.#channel.drained()
      }
      this.#end(close)
    } catch {
      this.ended = true
    }
  }

  #end(close: boolean): void {
    this.ended = true
    this.#channel.responseEnded(close)
  }

  /** For its body: the last byte has been given away. */
  bodyEnded(close: boolean): void {
    this.#end(close)
  }
}

class Http1ResponseBody extends ResponseBody {
  readonly #channel: ResponseChannel
  readonly #mode: 'silent' | 'chunked' | 'raw'
  readonly #response: Http1Response
  readonly #close: boolean
  #head: string
  /** Of a chunked body: waits for the end of this turn, that the last chunk may travel with it. */
  #held: Buffer | undefined
  #left: number | undefined
  #ended = false

  constructor(
    response: Http1Response,
    channel: ResponseChannel,
    head: string,
    mode: 'silent' | 'chunked' | 'raw',
    declaredBytes: number | undefined,
    close: boolean,
  ) {
    super()
    this.#response = response
    this.#channel = channel
    this.#head = head
    this.#mode = mode
    this.#left = declaredBytes
    this.#close = close
  }

  write(chunk: string | Buffer): Promise<void> | undefined {
    this.#put(chunk)
    return this.#mode === 'silent' ? undefined : this.#channel.drained()
  }

  put(chunk: Buffer): boolean {
    if (this.#mode === 'chunked' && this.#held === undefined && chunk.length > 0 && !this.#ended) {
      this.#held = chunk
      if (this.#head === '') this.#channel.flushSoon(this)
    } else this.#put(chunk)
    return !this.#channel.full
  }

  #put(chunk: string | Buffer): void {
    if (this.#ended) throw new Error('write after the end of the response')
    const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    if (data.length === 0) return
    if (this.#mode === 'silent' || this.#held !== undefined) this.flush()
    if (this.#mode === 'silent') return
    this.#count(data.length)
    this.#send(data, CHUNK_END)
  }

  #send(data: Buffer, end: string): void {
    const head = this.#head
    this.#head = ''
    if (this.#mode === 'chunked') this.#channel.write(head + chunkStart(data.length), data, end)
    else this.#channel.write(head, data)
  }

  end(trailers?: HeaderInit): void {
    if (this.#ended) return
    const last = this.#mode === 'chunked' ? lastChunk(trailers && HeaderList.from(trailers)) : ''
    this.#ended = true
    if (this.#left !== undefined && this.#left > 0) {
      this.#channel.abort()
      throw new RangeError(`the response body ended ${this.#left} bytes before its Content-Length`)
    }
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.#send(held, CHUNK_END + last)
    else {
      const text = this.#head + last
      this.#head = ''
      if (text !== '') this.#channel.write(text)
    }
    this.#response.bodyEnded(this.#close)
  }

  flush(): void {
    const held = this.#held
    this.#held = undefined
    if (held !== undefined && !this.#ended) this.#send(held, CHUNK_END)
    if (this.#head === '') return
    this.#channel.write(this.#head)
    this.#head = ''
  }

  abort(): void {
    if (this.#ended) return
    this.#ended = true
    this.#held = undefined
    this.#channel.abort()
  }

  #count(bytes: number): void {
    if (this.#left === undefined) return
    if (bytes > this.#left) throw new RangeError('the response body is longer than its Content-Length')
    this.#left -= bytes
  }
}

export function refuseConnect(response: ServerResponse): void {
  const headers = { Connection: 'close', 'Content-Type': 'text/plain' }
  response.send(501, headers, 'CONNECT is not served here\n')
}

/** The answer to bytes that are no request. */
export function refusal(
  status: number,
  message: string,
  date: string,
  fields: Readonly<Record<string, string>> = {},
): string {
  const body = `${message}\n`
  const headers = HeaderList.from({
    ...fields,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
    Date: date,
    Connection: 'close',
  })
  return encodeResponseHead(status, headers) + body
}
