import type { Timers } from '../timers.ts'

const BURST = 1000
const PER_SECOND = 100
/** What one piece of honest work pays for. */
const EARNED = 4

/**
 * How many frames a peer may send that cost us work and bring nothing: resets (CVE-2023-44487, CVE-2025-8671),
 * SETTINGS, PING, PRIORITY, empty DATA, window updates. Answers and data that we send earn more, so an honest peer
 * never meets the end of it, and time heals. What the peer sends earns nothing, or it could pay for its resets.
 */
export class FrameBudget {
  readonly #clock: Timers
  #left = BURST
  #filledMs: number

  constructor(clock: Timers) {
    this.#clock = clock
    this.#filledMs = clock.monotonic()
  }

  /** false = the peer has used it up. */
  spend(): boolean {
    if (this.#left <= 0) this.#refill()
    return --this.#left >= 0
  }

  earn(): void {
    this.#left = Math.min(BURST, this.#left + EARNED)
  }

  /** Reads the clock only when it matters. */
  #refill(): void {
    const nowMs = this.#clock.monotonic()
    const earned = Math.floor(((nowMs - this.#filledMs) * PER_SECOND) / 1000)
    if (earned === 0) return
    this.#left = Math.min(BURST, earned)
    this.#filledMs = nowMs
  }
}
