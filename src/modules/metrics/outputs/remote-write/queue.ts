import type { Prepared } from './snapshots.ts'

/** What waits to be sent, up to a number of bytes; then the oldest goes. One always has room. */
export class Queue {
  readonly #maxBytes: number
  readonly #waiting: Prepared[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get samples(): number {
    return this.#waiting.reduce((sum, { samples }) => sum + samples, 0)
  }

  /** Returns how many samples had to go for it. */
  add(request: Prepared): number {
    this.#waiting.push(request)
    this.#bytes += request.body.length
    let dropped = 0
    while (this.#bytes > this.#maxBytes && this.#waiting.length > 1) dropped += this.take()!.samples
    return dropped
  }

  /** The oldest; undefined when nothing waits. */
  take(): Prepared | undefined {
    const request = this.#waiting.shift()
    if (request) this.#bytes -= request.body.length
    return request
  }
}
