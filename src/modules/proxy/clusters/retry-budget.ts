import type { Counter } from '../../../kernel/metrics/metrics.ts'
import type { Breaker } from './breaker.ts'

export interface RetryBudgetConfig {
  readonly percent: number
  readonly minConcurrent: number
}

/** Allows retries as a share of the requests under way, so that they cannot multiply the load of a failing backend. */
export class RetryBudget {
  config: RetryBudgetConfig
  readonly #requests: Breaker
  readonly #retries: Breaker
  readonly #exhausted: Counter

  constructor(config: RetryBudgetConfig, requests: Breaker, retries: Breaker, exhausted: Counter) {
    this.config = config
    this.#requests = requests
    this.#retries = retries
    this.#exhausted = exhausted
  }

  /** Who gets true calls `release` once, when the retry is over. False: the failure code is `budget_exhausted`. */
  tryAcquire(): boolean {
    const { percent, minConcurrent } = this.config
    const allowed = Math.max(minConcurrent, Math.floor((this.#requests.inUse * percent) / 100))
    if (this.#retries.inUse < allowed && this.#retries.tryAcquire()) return true
    this.#exhausted.inc()
    return false
  }

  release(): void {
    this.#retries.release()
  }
}
