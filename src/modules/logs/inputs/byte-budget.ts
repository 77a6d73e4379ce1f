/** What all network inputs together may hold of what senders have sent and the spool has not taken yet. */
export class ByteBudget {
  readonly totalBytes: number
  /** How many are on the way to the spool: they will give back without anything being sent to them. */
  working = 0
  #left: number
  readonly #waiting: { readonly bytes: number; readonly resolve: (taken: boolean) => void }[] = []

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes
    this.#left = totalBytes
  }

  get usedBytes(): number {
    return this.totalBytes - this.#left
  }

  /** Takes so many; false, and nothing is taken, when there are not so many left. */
  tryTake(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }

  /** For those who can wait: takes so many as soon as they are there, in the order of asking. */
  wait(bytes: number): Wait {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const asked = { bytes, resolve }
    this.#waiting.push(asked)
    this.#serve()
    return {
      taken: promise,
      giveUp: () => {
        const at = this.#waiting.indexOf(asked)
        if (at < 0) return
        this.#waiting.splice(at, 1)
        resolve(false)
        this.#serve()
      },
    }
  }

  give(bytes: number): void {
    this.#left += bytes
    this.#serve()
  }

  #serve(): void {
    while (this.#waiting.length > 0 && this.tryTake(this.#waiting[0].bytes))
      this.#waiting.shift()?.resolve(true)
  }
}

/** Bytes that somebody waits for. */
export interface Wait {
  /** False when it was given up. */
  readonly taken: Promise<boolean>
  giveUp(): void
}

/** What one message has of the budget; all of it goes back at its end. */
export class Allowance implements Disposable {
  readonly budget: ByteBudget
  bytes = 0

  constructor(budget: ByteBudget) {
    this.budget = budget
  }

  tryTake(bytes: number): boolean {
    const taken = this.budget.tryTake(bytes)
    if (taken) this.bytes += bytes
    return taken
  }

  give(bytes: number): void {
    this.bytes -= bytes
    this.budget.give(bytes)
  }

  [Symbol.dispose](): void {
    this.budget.give(this.bytes)
    this.bytes = 0
  }
}
