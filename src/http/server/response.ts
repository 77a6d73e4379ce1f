import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { parseContentLength } from '../../wire/http1/framing.ts'
import { type HeaderInit, HeaderList } from '../../wire/http1/headers.ts'
import { clientGone } from './error.ts'

export interface TakenOver {
  readonly socket: Socket
  readonly rest: Buffer
}

/** A connection that speaks another protocol from here on. */
export interface Tunnel {
  readonly stream: Duplex
  /** What the client said behind its request. */
  readonly rest: Buffer
}

/** What a handler that answers without promises hears of its client. */
export interface ResponseObserver {
  /** A `put` said that there is no room; now there is. */
  drained(): void
  /** The client went before the answer was complete. */
  gone(): void
}

/** What a response of any version asks of its connection. */
export interface ResponsePeer {
  /** The client is gone. */
  readonly gone: boolean
  /** The Date header's value now. */
  date(): string
}

/** The headers of a response, made ready. */
export interface PreparedFields {
  readonly fields: HeaderList
  /** `Connection: close` was given. */
  readonly close: boolean
  /** What Content-Length says. */
  readonly declared: number | undefined
}

/**
 * The answer to one request: either one `send`, or `start` and a streamed body. The engine owns framing and
 * connection: Transfer-Encoding, Keep-Alive and Connection given here are left out, except that `Connection: close`
 * closes. Headers that would break the head throw HeaderInjectionError before anything is sent.
 */
export abstract class ServerResponse {
  readonly #peer: ResponsePeer
  #controller: AbortController | undefined
  /** The final head has been given away; nothing can be changed any more. */
  headersSent = false
  /** The last byte has been given away. */
  ended = false
  /** What was answered; 0 before. */
  status = 0
  observer: ResponseObserver | undefined
  /**
   * The client has asked for a tunnel in such a way that any 2xx would open it (RFC 8441 section 4): only `agree`
   * may give one.
   */
  opensTunnel = false

  constructor(peer: ResponsePeer) {
    this.#peer = peer
  }

  /** The whole response, in one write. A string is sent as UTF-8. */
  abstract send(status: number, headers?: HeaderInit, body?: string | Buffer): void

  /**
   * Begins a streamed response. The head travels with the first bytes of the body, or by itself when none come in
   * this turn of the loop. With a Content-Length the body must have exactly that many bytes, else it is framed by
   * the protocol (chunked in HTTP/1.1).
   */
  abstract start(status: number, headers?: HeaderInit): ResponseBody

  /**
   * `start` for a proxy. `fields` become the head as they are, so they must be free of Connection, Keep-Alive and
   * Transfer-Encoding, and hold a Date; `declaredBytes` is what their Content-Length says, if there is one.
   */
  abstract relay(status: number, fields: HeaderList, declaredBytes: number | undefined): ResponseBody

  /**
   * Makes the connection the handler's own, for another protocol. Only before anything was answered; an HTTP/2
   * stream cannot be taken over and throws: there the request's and the response's body are the tunnel.
   */
  abstract takeOver(): TakenOver

  /**
   * Agrees to the protocol that the request asks for with its `upgrade`: 101 to HTTP/1.1; to HTTP/2 200, and the
   * stream is the tunnel. `fields` as for `relay`. Only before anything was answered.
   */
  abstract agree(fields: HeaderList, protocol: string): Tunnel

  /** Breaks off without an answer: the connection of HTTP/1.1, the stream of HTTP/2. Only before anything was answered. */
  abstract abort(): void

  /** An interim response (100, 103); any number before the final one. HTTP/1.0 knows none: nothing is sent then. */
  abstract inform(status: number, headers?: HeaderInit): void

  /** Aborts when the client goes before the answer is complete: for handlers that wait. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#peer.gone) this.#controller.abort(clientGone())
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
    this.observer?.drained()
  }

  /** The client is gone: nothing that is written arrives. */
  get clientGone(): boolean {
    return this.#peer.gone
  }

  /** Leaves out what the engine owns, adds a Date. */
  protected prepare(status: number, headers: HeaderInit): PreparedFields {
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
    if (!hasDate) fields.append('Date', this.#peer.date())
    return { fields, close, declared }
  }

  protected checkInterim(status: number): void {
    if (this.headersSent) throw new Error('an interim response after the final one')
    if (status < 100 || status > 199 || status === 101)
      throw new RangeError(`${status} is not an interim status`)
  }
}

/** The streamed body of a response. */
export abstract class ResponseBody {
  /**
   * Sends bytes at once. Await what it returns before the next write: it resolves when the client has room
   * (undefined: it has) and rejects with HttpServerError `client_gone` when it is gone.
   */
  abstract write(chunk: string | Buffer): Promise<void> | undefined

  /**
   * `write` without promises, for an answer with an observer: false when there is no room, whose `drained` then tells
   * when to go on. What was given is sent in any case, at the latest when this turn of the loop ends.
   */
  abstract put(chunk: Buffer): boolean

  /** Ends the body; trailers are sent when the framing has room for them. Fewer bytes than declared break it off. */
  abstract end(trailers?: HeaderInit): void

  /** Sends now what still waits: the head for the body, or bytes for the end of the turn. */
  abstract flush(): void

  /** Breaks the response off, so that the client sees that it is incomplete. */
  abstract abort(): void
}

/** 204 and 304 have no body, whatever is said of one. */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 304
}
