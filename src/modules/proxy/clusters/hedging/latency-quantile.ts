/** Below this all latencies are alike. */
const LEAST_MS = 0.1
/** Each bucket ends 9 % above its beginning; 160 of them reach to 100 s. */
const BUCKETS_PER_DOUBLING = 8
const BUCKETS = 160
/** After so many samples each counts half: what was is forgotten with the traffic, not with the clock. */
const HALVED_AFTER = 1024
const READ_EVERY = 32

/** A quantile of the latencies of late, to within 9 %, in constant memory and time. */
export class LatencyQuantile {
  readonly #share: number
  readonly #counts = new Float64Array(BUCKETS)
  #total = 0
  #untilRead = 0
  #valueMs = 0
  #seen = 0

  /** 0 < `share` < 1. */
  constructor(share: number) {
    this.#share = share
  }

  /** How many have been observed in all. */
  get seen(): number {
    return this.#seen
  }

  observe(latencyMs: number): void {
    const doublings = Math.log2(Math.max(latencyMs, LEAST_MS) / LEAST_MS)
    this.#counts[Math.min(BUCKETS - 1, Math.floor(doublings * BUCKETS_PER_DOUBLING))]!++
    this.#total++
    this.#seen++
    if (this.#total < HALVED_AFTER) return
    this.#total = 0
    for (let at = 0; at < BUCKETS; at++) this.#total += this.#counts[at]! /= 2
  }

  /** The upper end of the bucket in which the quantile lies; renewed every 32nd call. */
  valueMs(): number {
    if (this.#untilRead-- > 0) return this.#valueMs
    this.#untilRead = READ_EVERY - 1
    let left = this.#share * this.#total
    let at = 0
    while (at < BUCKETS - 1 && left > this.#counts[at]!) left -= this.#counts[at++]!
    this.#valueMs = LEAST_MS * 2 ** ((at + 1) / BUCKETS_PER_DOUBLING)
    return this.#valueMs
  }
}
