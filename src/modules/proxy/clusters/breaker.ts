import type { Counter } from '../../../kernel/metrics/metrics.ts'

/** A count with a ceiling. It is open from the first refusal until something is given back. */
export class Breaker {
  max: number
  inUse = 0
  open = false
  readonly #openings: Counter
  readonly #refusals: Counter

  constructor(max: number, openings: Counter, refusals: Counter) {
    this.max = max
    this.#openings = openings
    this.#refusals = refusals
  }

  /** Who gets true calls `release` once. */
  tryAcquire(): boolean {
    if (this.inUse < this.max) {
      this.inUse++
      return true
    }
    this.#refusals.inc()
    if (!this.open) this.#openings.inc()
    this.open = true
    return false
  }

  release(): void {
    this.inUse--
    this.open = false
  }
}

/** The breakers of one cluster. `requests` is counted by the cluster itself, the others by who makes connections, queues and retries. */
export interface Breakers {
  readonly connections: Breaker
  readonly pending: Breaker
  readonly requests: Breaker
  readonly retries: Breaker
}
