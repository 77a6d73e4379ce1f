/** Something that keeps bytes back for those that may follow in this turn of the loop. */
export interface Flushable {
  flush(): void
}

/** Ends the waiting of all that keep bytes back, at the end of the turn in which they began: one immediate for all. */
export class FlushQueue {
  #waiting: Flushable[] = []

  add(one: Flushable): void {
    if (this.#waiting.push(one) === 1) setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting
    this.#waiting = []
    for (const one of waiting) one.flush()
  }
}
