/** What all network inputs together may hold of what senders have sent and the spool has not taken yet. */
export class ByteBudget {
  readonly totalBytes: number
  #left: number

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

  give(bytes: number): void {
    this.#left += bytes
  }
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

  [Symbol.dispose](): void {
    this.budget.give(this.bytes)
    this.bytes = 0
  }
}
