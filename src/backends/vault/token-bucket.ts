import type { Clock } from '../../kernel/clock/clock.ts'

/** So many a second, and `burst` at once after a rest. Who comes too early waits, in order. */
export class TokenBucket {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  /** May be negative: what has been promised already. */
  #tokens: number
  #atMs: number

  constructor(clock: Clock, { perSecond, burst }: { readonly perSecond: number; readonly burst: number }) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#atMs = clock.monotonic()
  }

  /** How many wait now. */
  get waiting(): number {
    return Math.max(0, Math.ceil(-this.#now()))
  }

  /** Resolves when it is the caller's turn; rejects with the signal's reason, and gives the turn back. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#tokens = this.#now() - 1
    this.#atMs = this.#clock.monotonic()
    if (this.#tokens >= 0) return
    try {
      await this.#clock.sleep((-this.#tokens / this.#perSecond) * 1000, signal)
    } catch (error) {
      this.#tokens++
      throw error
    }
  }

  #now(): number {
    const elapsedMs = this.#clock.monotonic() - this.#atMs
    return Math.min(this.#burst, this.#tokens + (elapsedMs / 1000) * this.#perSecond)
  }
}
