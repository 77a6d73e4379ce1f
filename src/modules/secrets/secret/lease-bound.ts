/** What a secret does next, and when. */
export interface Pause {
  readonly act: 'fetch' | 'renew' | 'verify'
  readonly ms: number
}

/** The part of what is left of leases that all end together, over which their replacements are spread. */
const OVERLAP = 0.8

/**
 * The end of a lease that no renewal moves, because what it hangs on ends: the token by which it was granted. Times are
 * those of the monotonic clock.
 */
export class LeaseBound {
  #endMs = Number.POSITIVE_INFINITY
  /** The next one is fetched then, while this one is still good, and not all of them in one moment. */
  #replaceAtMs = Number.POSITIVE_INFINITY

  get endMs(): number {
    return this.#endMs
  }

  /** `random` from 0 to 1. */
  set(nowMs: number, endsInMs: number, random: number): void {
    this.#endMs = nowMs + endsInMs
    this.#replaceAtMs = nowMs + random * OVERLAP * endsInMs
  }

  clear(): void {
    this.#endMs = Number.POSITIVE_INFINITY
    this.#replaceAtMs = Number.POSITIVE_INFINITY
  }

  /** Until it is replaced a lease is renewed as ever. A replacement that did not work is tried again as any fetch is. */
  limited(pause: Pause, nowMs: number): Pause {
    const leftMs = this.#replaceAtMs - nowMs
    const isSoon = pause.ms < leftMs || (pause.act === 'fetch' && leftMs <= 0)
    return isSoon ? pause : { act: 'fetch', ms: Math.max(0, leftMs) }
  }
}
