import type { Allowance } from '../byte-budget.ts'

/**
 * What a connection has brought and what is no whole message yet. What is here is at most what the connection has taken
 * of the budget: it gives the rest back after each chunk. What `add` returned may be handed on, memory and all, once
 * `keep` has been called.
 */
export class Rest {
  readonly #allowance: Allowance
  #buffer: Buffer | undefined
  #length = 0

  constructor(allowance: Allowance) {
    this.#allowance = allowance
  }

  /** The memory that is in use; 0 when there is nothing. */
  get capacity(): number {
    return this.#buffer?.length ?? 0
  }

  /** All that is here, in one piece. */
  add(chunk: Buffer): Buffer {
    const held = this.#buffer
    if (held === undefined) return chunk
    const length = this.#length + chunk.length
    let buffer = held
    if (length > held.length) {
      // The chunk is paid for already; twice as much saves copies, where there is room for it.
      const more = Math.max(0, held.length * 2 - length)
      buffer = Buffer.allocUnsafeSlow(length + (this.#allowance.tryTake(more) ? more : 0))
      held.copy(buffer, 0, 0, this.#length)
      this.#buffer = buffer
    }
    chunk.copy(buffer, this.#length)
    this.#length = length
    return buffer.subarray(0, length)
  }

  /** From `from` on nothing of what `add` returned has been used. */
  keep(bytes: Buffer, from: number): void {
    if (this.#buffer !== undefined && from === 0) return
    this.#length = bytes.length - from
    this.#buffer = undefined
    if (this.#length === 0) return
    this.#buffer = Buffer.allocUnsafeSlow(this.#length)
    bytes.copy(this.#buffer, 0, from)
  }
}
