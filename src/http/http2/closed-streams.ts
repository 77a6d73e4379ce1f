/** Frames may be on their way for as many streams as this when we reset them. */
const REMEMBERED = 256

/** Which streams were closed last, and which of them by our own reset: frames that cross it are no fault. */
export class ClosedStreams {
  readonly #ids: number[] = []
  #next = 0

  add(streamId: number, reset: boolean): void {
    this.#ids[this.#next] = reset ? -streamId : streamId
    this.#next = (this.#next + 1) % REMEMBERED
  }

  has(streamId: number): boolean {
    return this.#ids.includes(streamId) || this.#ids.includes(-streamId)
  }

  wasReset(streamId: number): boolean {
    return this.#ids.includes(-streamId)
  }
}
