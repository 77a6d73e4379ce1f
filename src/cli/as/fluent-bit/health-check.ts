import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Counters } from '../../../personalities/fluent-bit/api/counters.ts'
import type { Service } from '../../../personalities/fluent-bit/service.ts'

interface Moment {
  readonly atMs: number
  readonly errors: number
  readonly retryFailures: number
}

/** How often the counters are looked at. */
const EVERY_MS = 1000
const MAX_MOMENTS = 4000

/** Whether the outputs of the last period failed no more often than the service allows; always, when it is not asked for. */
export class HealthCheck implements Disposable {
  readonly #clock: Clock
  readonly #counters: () => Counters
  readonly #limits: () => Service['healthCheck']
  readonly #timer: { cancel(): void }
  #moments: Moment[] = []

  constructor(clock: Clock, counters: () => Counters, limits: () => Service['healthCheck']) {
    this.#clock = clock
    this.#counters = counters
    this.#limits = limits
    this.#timer = clock.interval(EVERY_MS, () => this.#limits().on && this.#look())
  }

  isOk(): boolean {
    const { on, errors, retryFailures } = this.#limits()
    if (!on) return true
    const now = this.#look()
    const [first] = this.#moments
    return now.errors - first.errors <= errors && now.retryFailures - first.retryFailures <= retryFailures
  }

  [Symbol.dispose](): void {
    this.#timer.cancel()
  }

  #look(): Moment {
    const { outputs } = this.#counters()
    const atMs = this.#clock.monotonic()
    const moment = {
      atMs,
      errors: outputs.reduce((sum, { errors }) => sum + errors, 0),
      retryFailures: outputs.reduce((sum, each) => sum + each.retries_failed, 0),
    }
    const since = atMs - this.#limits().periodMs
    this.#moments = [...this.#moments.filter(each => each.atMs >= since), moment].slice(-MAX_MOMENTS)
    return moment
  }
}
