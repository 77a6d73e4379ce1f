import { DeadlineWheel } from '../../../../http/deadline-wheel.ts'
import type { Timers } from '../../../../http/timers.ts'
import type { Counter } from '../../../../kernel/metrics/metrics.ts'
import type { HedgingConfig } from './config.ts'
import { LatencyQuantile } from './latency-quantile.ts'

/** What became of a second try: a label of the metric. */
export type HedgeResult = 'won' | 'lost' | 'failed' | 'refused'

/** Fewer requests than this say nothing of what is slow. */
const SAMPLES_NEEDED = 100
const TICK_MS = 5

/** When the slow requests of a cluster get a second try. */
export class Hedging {
  /** Sets the second tries off. */
  readonly wheel: DeadlineWheel
  readonly #config: HedgingConfig
  readonly #quantile: LatencyQuantile | undefined
  readonly #counters: Readonly<Record<HedgeResult, Counter>>

  constructor(config: HedgingConfig, clock: Timers, counter: (result: HedgeResult) => Counter) {
    this.#config = config
    this.wheel = new DeadlineWheel(clock, TICK_MS)
    this.#counters = {
      won: counter('won'),
      lost: counter('lost'),
      failed: counter('failed'),
      refused: counter('refused'),
    }
    if (config.percentile !== undefined) this.#quantile = new LatencyQuantile(config.percentile / 100)
  }

  /** After how much time the second try goes out; undefined while too little is known. */
  delayMs(): number | undefined {
    const quantile = this.#quantile
    if (quantile === undefined) return this.#config.delayMs
    return quantile.seen < SAMPLES_NEEDED ? undefined : Math.max(this.#config.minDelayMs, quantile.valueMs())
  }

  /** What a first try took, or had taken when it was broken off. */
  observe(latencyMs: number): void {
    this.#quantile?.observe(latencyMs)
  }

  count(result: HedgeResult): void {
    this.#counters[result].inc()
  }
}
