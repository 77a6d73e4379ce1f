import type { Socket } from 'node:net'
import { CHUNK_END, chunkStart, encodeResponseHead, lastChunk } from '../../wire/http1/encode.ts'
import { parseContentLength } from '../../wire/http1/framing.ts'
import { type HeaderInit, HeaderList } from '../../wire/http1/headers.ts'

import { clientGone } from './error.ts'

/** The connection as a response sees it. */
export interface ResponseChannel {
  /** Sends text (latin1) and data as one write. */
  write(text: string, data?: Buffer, end?: string): void
  /** undefined while the socket takes more, else a promise that resolves when it does; rejects when the client is gone. */
  drained(): Promise<void> | undefined
  /** The last byte was given to the socket. `close` = the end of the body is the end of the connection. */
  responseEnded(close: boolean): void
  /** The response cannot be completed: the client must see that. */
  abort(): void
  /** The Date header's value now. */
  date(): string
  /** The client is gone. */
  readonly gone: boolean
  /** Asked when the head is made: whether the connection ends after this response. `whole` = nobody will read the request's body after it. */
  closesAfterResponse(whole: boolean): boolean
  /** Sends `100 Continue` if the client waits for it: after the final head it could not be sent. */
  continueNow(): void
  /** What was written waits for the client; the observer's `room` follows. */
  readonly full: boolean
  /** Hands over the raw connection, paused and without listeners, and what came after the request's head. */
  takeOver(): TakenOver
}

export interface TakenOver {
  readonly socket: Socket
  readonly rest: Buffer
}

/** What a handler that answers without promises hears of its client. */
export interface ResponseObserver {
  /** A `put` said that there is no room; now there is. */
  room(): void
  /** The client went before the answer was complete. */
  gone(): void
}

const NO_HEADERS: HeaderInit = {}
/** What one write may carry: the client's progress is then seen at least this often. */
const PIECE_BYTES = 256 * 1024

/**
 * The answer to one request: either one `send`, or `start` and a streamed body. The engine owns framing and
 * connection: Transfer-Encoding, Keep-Alive and Connection given here are left out, except that `Connection: close`
 * closes. Headers that would break the head throw HeaderInjectionError before anything is sent.
 */
export class ServerResponse {
  readonly #channel: ResponseChannel
  readonly #isHead: boolean
  readonly #minor: 0 | 1
  #controller: AbortController | undefined
  /** The final head has been given away; nothing can be changed any more. */
  headersSent = false
  /** The last byte has been given away. */
  ended = false
  /** What was answered; 0 before. */
  status = 0
  observer: ResponseObserver | undefined

  constructor(channel: ResponseChannel, isHead: boolean, minor: 0 | 1) {
    this.#channel = channel
    this.#isHead = isHead
    this.#minor = minor
  }

  /** Aborts when the client goes before the answer is complete: for handlers that wait. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#channel.gone) this.#controller.abort(clientGone())
    }
    return this.#controller.signal
  }

  /** For the connection: it has closed. */
  connectionClosed(): void {
    this.#controller?.abort(clientGone())
    if (!this.ended) this.observer?.gone()
  }

  /** For the connection: the client has taken what waited. */
  hasRoom(): void {
    this.observer?.room()
  }

  /** The client is gone: nothing that is written arrives. */
  get clientGone(): boolean {
    return this.#channel.gone
  }

  /** The whole response, in one write. A string is sent as UTF-8. */
  send(status: number, headers: HeaderInit = NO_HEADERS, body?: string | Buffer): void {
    const length = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
    const bodyless = hasNoBody(status)
    const { fields, close, declared } = this.#fields(status, headers)
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

  /**
   * Begins a streamed response. The head travels with the first bytes of the body, or by itself when none come in
   * this turn of the loop. With a Content-Length the body must have exactly that many bytes, else it is chunked.
   */
  start(status: number, headers: HeaderInit = NO_HEADERS): ResponseBody {
    const { fields, close, declared } = this.#fields(status, headers)
    return this.#begin(status, fields, declared, close)
  }

  /**
   * `start` for a proxy. `fields` become the head as they are, so they must be free of Connection, Keep-Alive and
   * Transfer-Encoding, and hold a Date; `declaredBytes` is what their Content-Length says, if there is one.
   */
  relay(status: number, fields: HeaderList, declaredBytes: number | undefined): ResponseBody {
    if (this.headersSent) throw new Error('the response has been sent already')
    return this.#begin(status, fields, declaredBytes, false)
  }

  /** Makes the connection the handler's own, for another protocol. Only before anything was answered. */
  takeOver(): TakenOver {
    if (this.headersSent) throw new Error('the response has been sent already')
    this.headersSent = true
    this.ended = true
    return this.#channel.takeOver()
  }

  #begin(status: number, fields: HeaderList, declared: number | undefined, asked: boolean): ResponseBody {
    const silent = this.#isHead || hasNoBody(status)
    const chunked = !silent && declared === undefined && this.#minor === 1
    const close = asked || (!silent && declared === undefined && this.#minor === 0)
    if (chunked) fields.append('Transfer-Encoding', 'chunked')
    this.#channel.continueNow()
    const head = this.#commit(status, fields, close, false)
    const mode = silent ? 'silent' : chunked ? 'chunked' : 'raw'
    const body = new ResponseBody(this.#channel, head, mode, silent ? undefined : declared, () =>
      this.#end(close),
    )
    process.nextTick(flush, body)
    return body
  }

  /** An interim response (100, 103); any number before the final one. HTTP/1.0 knows none: nothing is sent then. */
  inform(status: number, headers: HeaderInit = NO_HEADERS): void {
    if (this.headersSent) throw new Error('an interim response after the final one')
    if (status < 100 || status > 199 || status === 101)
      throw new RangeError(`${status} is not an interim status`)
    if (this.#minor === 1) this.#channel.write(encodeResponseHead(status, HeaderList.from(headers)))
  }

  #fields(
    status: number,
    headers: HeaderInit,
  ): { fields: HeaderList; close: boolean; declared: number | undefined } {
    if (this.headersSent) throw new Error('the response has been sent already')
    if (!Number.isInteger(status) || status < 200 || status > 999)
      throw new RangeError(`${status} is not a final status`)
    const given = HeaderList.from(headers)
    const fields = new HeaderList()
    let close = false
    let hasDate = false
    let declared: number | undefined
    for (let at = 0; at < given.raw.length; at += 2) {
      const name = given.raw[at]!
      const value = given.raw[at + 1]!
      switch (name.length < 18 ? name.toLowerCase() : '') {
        case 'connection':
          close ||= /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value)
          continue
        case 'transfer-encoding':
        case 'keep-alive':
          continue
        case 'content-length':
          // RFC 9110 section 8.6: never with 1xx and 204.
          if (status === 204) continue
          if (declared !== undefined) throw new RangeError('Content-Length is given twice')
          declared = parseContentLength(value)
          break
        case 'date':
          hasDate = true
      }
      fields.append(name, value)
    }
    if (!hasDate) fields.append('Date', this.#channel.date())
    return { fields, close, declared }
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
}

/** The streamed body of a response. */
export class ResponseBody {
  readonly #channel: ResponseChannel
  readonly #mode: 'silent' | 'chunked' | 'raw'
  readonly #onEnd: () => void
  #head: string
  /** Of a chunked body: waits for the end of this turn, that the last chunk may travel with it. */
  #held: Buffer | undefined
  #left: number | undefined
  #ended = false

  constructor(
    channel: ResponseChannel,
    head: string,
    mode: 'silent' | 'chunked' | 'raw',
    declaredBytes: number | undefined,
    onEnd: () => void,
  ) {
    this.#channel = channel
    this.#head = head
    this.#mode = mode
    this.#left = declaredBytes
    this.#onEnd = onEnd
  }

  /**
   * Sends bytes at once. Await what it returns before the next write: it resolves when the client has room
   * (undefined: it has) and rejects with HttpServerError `client_gone` when it is gone.
   */
  write(chunk: string | Buffer): Promise<void> | undefined {
    this.#put(chunk)
    return this.#mode === 'silent' ? undefined : this.#channel.drained()
  }

  /**
   * `write` without promises, for an answer with an observer: false when there is no room, whose `room` then tells
   * when to go on. What was given is sent in any case, at the latest when this turn of the loop ends.
   */
  put(chunk: Buffer): boolean {
    if (this.#mode === 'chunked' && this.#held === undefined && chunk.length > 0 && !this.#ended) {
      this.#held = chunk
      if (this.#head === '') process.nextTick(flush, this)
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

  /** Ends the body; trailers are sent when it is chunked. Fewer bytes than declared break the connection. */
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
    this.#onEnd()
  }

  /** Sends now what still waits: the head for the body, or bytes for the end of the turn. */
  flush(): void {
    const held = this.#held
    this.#held = undefined
    if (held !== undefined && !this.#ended) this.#send(held, CHUNK_END)
    if (this.#head === '') return
    this.#channel.write(this.#head)
    this.#head = ''
  }

  /** Breaks the connection, so that the client sees that the response is incomplete. */
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

function flush(body: ResponseBody): void {
  body.flush()
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 304
}
