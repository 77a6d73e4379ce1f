import type { HeaderList } from '../../wire/http1/headers.ts'
import { type BodySource, emptyBody, IncomingBody } from '../incoming-body.ts'
import { abortedError, HttpClientError } from './error.ts'
import type { AnswerHead, ClientExchange, ExchangeListener } from './exchange.ts'

/** A response whose head has arrived. Read or discard its body: until then it holds its connection. */
export interface ClientResponse {
  readonly status: number
  readonly headers: HeaderList
  readonly body: IncomingBody
}

/** An exchange as a promise of its head, with a body that is read at its reader's pace. */
export class PromisedResponse implements ExchangeListener, BodySource {
  readonly promise: Promise<ClientResponse>
  readonly #peer: string
  #resolve!: (response: ClientResponse) => void
  #reject!: (error: Error) => void
  #body: IncomingBody | undefined
  #exchange: ClientExchange | undefined
  #signal: AbortSignal | undefined

  constructor(peer: string) {
    this.#peer = peer
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Ties the promise to its exchange and to the caller's signal. */
  follow(exchange: ClientExchange, signal: AbortSignal | undefined): void {
    this.#exchange = exchange
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort)
  }

  head(head: AnswerHead): void {
    const { framing, status, headers } = head
    this.#body =
      framing.kind === 'none'
        ? emptyBody()
        : new IncomingBody(this, framing.kind === 'length' ? framing.length : undefined)
    this.#resolve({ status, headers, body: this.#body })
  }

  data(chunk: Buffer): void {
    this.#body!.push(chunk)
  }

  end(trailers: HeaderList | undefined): void {
    this.#over()
    this.#body!.end(trailers)
  }

  fail(error: HttpClientError): void {
    this.#over()
    if (this.#body === undefined) this.#reject(error)
    else this.#body.fail(error)
  }

  bodyWanted(): void {
    this.#exchange?.resume()
  }

  bodyFull(): void {
    this.#exchange?.pause()
  }

  bodyDiscarded(): void {
    this.#exchange?.discard()
  }

  bodyTooLarge(maxBytes: number): Error {
    return new HttpClientError('too_large', `the response of ${this.#peer} is larger than ${maxBytes} bytes`)
  }

  #over(): void {
    this.#exchange = undefined
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }

  readonly #onAbort = (): void => {
    this.#exchange?.cancel(abortedError(this.#signal!))
  }
}
