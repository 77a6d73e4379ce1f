import type { ClientExchange } from '../../../http/client/exchange.ts'
import type { BodySink, IncomingBody } from '../../../http/incoming-body.ts'
import { HttpServerError } from '../../../http/server/error.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'
import type { MirroredRequest } from './mirror.ts'

/** What is kept of a body for another try. */
export const REPLAY_BYTES = 64 * 1024

export interface RequestBodyOwner {
  /** The client broke its body off, sent nonsense, or more than it may. */
  requestBroken(error: Error): void
}

/** Carries a request's body to the try at hand, at its pace, and keeps the beginning for the next one. */
export class RequestBody implements BodySink {
  readonly #body: IncomingBody
  readonly #owner: RequestBodyOwner
  #kept: Buffer[] | undefined
  #target: ClientExchange | undefined
  #started = false
  #ended = false
  #trailers: HeaderList | undefined
  /** Who gets the same bytes, at the pace of the original. */
  #copies: readonly MirroredRequest[] | undefined
  bytes = 0
  readonly #maxBytes: number

  constructor(body: IncomingBody, owner: RequestBodyOwner, keep: boolean, maxBytes: number) {
    this.#body = body
    this.#owner = owner
    this.#maxBytes = maxBytes
    if (keep) this.#kept = []
  }

  /** Before the body begins. */
  copyTo(copies: readonly MirroredRequest[]): void {
    this.#copies = copies
  }

  /** The body can be sent from its beginning once more. */
  get replayable(): boolean {
    return this.#kept !== undefined || !this.#started
  }

  /** Sends what was kept, then what comes. */
  attach(target: ClientExchange): void {
    this.#target = target
    if (!this.#started) {
      this.#started = true
      this.#body.pipeTo(this)
      return
    }
    let room = true
    for (const chunk of this.#kept ?? []) room = target.put(chunk)
    if (this.#ended) target.end(this.#trailers)
    else if (room) this.#body.resume()
  }

  /** The try is over; the client waits until there is another. */
  detach(): void {
    this.#target = undefined
    if (this.#started && !this.#ended) this.#body.pause()
  }

  /** No further try will come. */
  forget(): void {
    this.#kept = undefined
  }

  room(): void {
    if (!this.#ended) this.#body.resume()
  }

  data(chunk: Buffer): void {
    this.bytes += chunk.length
    if (this.bytes > this.#maxBytes) {
      const message = `the body is larger than ${this.#maxBytes} bytes`
      this.fail(new HttpServerError('body_too_large', 413, message))
      this.#body.discard()
      return
    }
    if (this.#kept !== undefined) {
      if (this.bytes <= REPLAY_BYTES) this.#kept.push(chunk)
      else this.#kept = undefined
    }
    if (this.#copies !== undefined) for (const copy of this.#copies) copy.bodyData(chunk)
    if (this.#target?.put(chunk) === false) this.#body.pause()
  }

  end(trailers: HeaderList | undefined): void {
    this.#ended = true
    this.#trailers = trailers
    if (this.#copies !== undefined) for (const copy of this.#copies) copy.bodyEnd(trailers)
    this.#target?.end(trailers)
  }

  fail(error: Error): void {
    this.#ended = true
    this.#kept = undefined
    this.#owner.requestBroken(error)
  }
}
