import type { HeaderList } from '../wire/http1/headers.ts'

/** The connection behind a body. */
export interface BodySource {
  /** The reader has room (again), or has begun to read. */
  bodyWanted(): void
  /** The reader is behind: no more bytes, please. */
  bodyFull(): void
  /** Nobody will read the rest. */
  bodyDiscarded(): void
  /** The error for a body that is larger than the reader takes. */
  bodyTooLarge(maxBytes: number): Error
}

/** Who takes a body as it comes, in the turn in which it comes; exactly one of `end` and `fail` is called, last. */
export interface BodySink {
  data(chunk: Buffer): void
  end(trailers: HeaderList | undefined): void
  fail(error: Error): void
}

/** What a body holds before it stops its connection. */
const HIGH_WATER_BYTES = 64 * 1024

/**
 * A received body, with backpressure to its connection. Read it once: with `bytes`, with `for await`, by `read`,
 * or without promises with `pipeTo`.
 * Chunks are slices of what the socket gave; keep a copy when you keep one for long.
 */
export class IncomingBody implements AsyncIterable<Buffer> {
  readonly #source: BodySource | undefined
  /** From Content-Length; undefined when it was not told. */
  readonly declaredBytes: number | undefined
  #chunks: Buffer[] = []
  #queuedBytes = 0
  #full = false
  #done = false
  #error: Error | undefined
  #waiter: { resolve(chunk: Buffer | undefined): void; reject(error: Error): void } | undefined
  #discarded = false
  #sink: BodySink | undefined
  /** Somebody has begun to read, or has said that nobody will. */
  touched = false
  /** Set once the body has been read to its end, when it was chunked and had any. */
  trailers: HeaderList | undefined

  constructor(source: BodySource | undefined, declaredBytes: number | undefined) {
    this.#source = source
    this.declaredBytes = declaredBytes
    this.#done = source === undefined
  }

  /** The whole body; rejects, with an error that has status 413 on a server, when it is larger than `maxBytes`. */
  async bytes(maxBytes: number): Promise<Buffer> {
    if (this.declaredBytes !== undefined && this.declaredBytes > maxBytes) throw this.#tooLarge(maxBytes)
    const chunks: Buffer[] = []
    let length = 0
    for (let chunk = await this.read(); chunk !== undefined; chunk = await this.read()) {
      length += chunk.length
      if (length > maxBytes) throw this.#tooLarge(maxBytes)
      chunks.push(chunk)
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)
  }

  /** The next bytes, or undefined at the end; rejects when the body was cut short, malformed or too slow. */
  read(): Promise<Buffer | undefined> {
    this.touched = true
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.length
      if (this.#full && this.#queuedBytes < HIGH_WATER_BYTES / 2) {
        this.#full = false
        this.#source?.bodyWanted()
      }
      return Promise.resolve(chunk)
    }
    if (this.#error !== undefined) return Promise.reject(this.#error)
    if (this.#done || this.#discarded) return Promise.resolve(undefined)
    if (this.#waiter !== undefined) return Promise.reject(new Error('two readers wait for one body'))
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
      this.#source?.bodyWanted()
    })
  }

  /** From now on every chunk goes to `sink` at once; what has come already goes there in this call. */
  pipeTo(sink: BodySink): void {
    this.touched = true
    this.#sink = sink
    this.#full = true
    this.resume()
  }

  /** With a sink: no more data until `resume`. */
  pause(): void {
    if (this.#full) return
    this.#full = true
    this.#source?.bodyFull()
  }

  resume(): void {
    if (!this.#full || this.#discarded) return
    this.#full = false
    while (this.#chunks.length > 0) {
      const chunk = this.#chunks.shift()!
      this.#queuedBytes -= chunk.length
      this.#sink!.data(chunk)
      if (this.#full || this.#discarded) return
    }
    if (this.#done) this.#finish()
    else this.#source?.bodyWanted()
  }

  #finish(): void {
    const sink = this.#sink
    this.#sink = undefined
    if (this.#error === undefined) sink?.end(this.trailers)
    else sink?.fail(this.#error)
  }

  /** Drops the rest; the connection is used again when little is left, else closed. Idempotent. */
  discard(): void {
    if (this.#discarded || this.#source === undefined) return
    this.touched = true
    this.#discarded = true
    this.#sink = undefined
    this.#chunks = []
    this.#queuedBytes = 0
    this.#full = false
    this.#waiter?.resolve(undefined)
    this.#waiter = undefined
    if (!this.#done) this.#source.bodyDiscarded()
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return {
      next: async () => {
        const value = await this.read()
        return value === undefined ? { done: true, value: undefined } : { done: false, value }
      },
      return: async () => {
        this.discard()
        return { done: true, value: undefined }
      },
    }
  }

  /** For the connection: all bytes have arrived. */
  get done(): boolean {
    return this.#done
  }

  /** For the connection: the reader has no room. */
  get full(): boolean {
    return this.#full
  }

  /** For the connection: a reader waits for bytes that have not come. */
  get waiting(): boolean {
    return this.#waiter !== undefined || (this.#sink !== undefined && !this.#full)
  }

  /** For the connection. */
  push(chunk: Buffer): void {
    if (this.#discarded || this.#done) return
    if (this.#sink !== undefined && !this.#full) {
      this.#sink.data(chunk)
      return
    }
    if (this.#waiter !== undefined) {
      const { resolve } = this.#waiter
      this.#waiter = undefined
      resolve(chunk)
      return
    }
    this.#chunks.push(chunk)
    this.#queuedBytes += chunk.length
    if (this.#full || this.#queuedBytes < HIGH_WATER_BYTES) return
    this.#full = true
    this.#source?.bodyFull()
  }

  /** For the connection. */
  end(trailers: HeaderList | undefined): void {
    if (this.#done) return
    this.#done = true
    this.trailers = trailers
    this.#waiter?.resolve(undefined)
    this.#waiter = undefined
    if (this.#sink !== undefined && !this.#full) this.#finish()
  }

  /** For the connection: what has arrived can still be read, then reading fails. */
  fail(error: Error): void {
    if (this.#done) return
    this.#done = true
    this.#error = error
    this.#waiter?.reject(error)
    this.#waiter = undefined
    // A sink that is paused has to hear of it all the same: nothing would resume it.
    this.#finish()
  }

  #tooLarge(maxBytes: number): Error {
    const error =
      this.#source?.bodyTooLarge(maxBytes) ?? new RangeError(`the body is larger than ${maxBytes} bytes`)
    this.discard()
    return error
  }
}

/** The body of a message that has none; shared, for reading it changes nothing that matters. */
export function emptyBody(): IncomingBody {
  return new IncomingBody(undefined, 0)
}
