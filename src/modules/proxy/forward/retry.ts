/** Retries at one time against a cluster: a share of what is under way, and a few in any case. */
export const RETRY_SHARE = 0.2
export const LEAST_RETRIES = 3
const MAX_BACKOFF_MS = 250

/** Keeps retries from multiplying an outage. Counts what is under way. */
export class RetryBudget {
  active = 0
  retrying = 0

  /** Takes a place for a retry, to be given back with `release`. */
  take(): boolean {
    if (this.retrying >= Math.max(LEAST_RETRIES, this.active * RETRY_SHARE)) return false
    this.retrying++
    return true
  }

  release(): void {
    this.retrying--
  }
}

/** Full jitter: anything up to the bound, which doubles from `baseMs` to ten times 25 ms or to the base itself. */
export function backoffMs(baseMs: number, retry: number, random: number): number {
  return random * Math.max(baseMs, Math.min(baseMs * 2 ** (retry - 1), MAX_BACKOFF_MS))
}
