const MAX_BACKOFF_MS = 250

/** Full jitter: anything up to the bound, which doubles from `baseMs` to ten times 25 ms or to the base itself. */
export function backoffMs(baseMs: number, retry: number, random: number): number {
  return random * Math.max(baseMs, Math.min(baseMs * 2 ** (retry - 1), MAX_BACKOFF_MS))
}
