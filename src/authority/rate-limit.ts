interface Bucket {
  tokens: number
  atMs: number
}

/** Token buckets by name. Their number is bounded: when there are too many, those used longest ago are forgotten. */
export class RateLimit {
  readonly #clock: { monotonic(): number }
  readonly #burst: number
  readonly #perSecond: number
  readonly #maxNames: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(clock: { monotonic(): number }, burst: number, perSecond: number, maxNames = 10_000) {
    this.#clock = clock
    this.#burst = burst
    this.#perSecond = perSecond
    this.#maxNames = maxNames
  }

  /** Takes one; false when there is none left. */
  take(name: string): boolean {
    const nowMs = this.#clock.monotonic()
    const bucket = this.#buckets.get(name) ?? { tokens: this.#burst, atMs: nowMs }
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * this.#perSecond)
    bucket.atMs = nowMs
    this.#buckets.delete(name)
    this.#buckets.set(name, bucket)
    if (this.#buckets.size > this.#maxNames) this.#buckets.delete(this.#buckets.keys().next().value!)
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }
}
