/** How long to wait before trying again. */
export interface Retry {
  readonly baseMs: number
  readonly maxMs: number
}

export const DEFAULT_RETRY: Retry = { baseMs: 250, maxMs: 30_000 }

/** A peer may ask for more patience than `maxMs`, but not for more than this. */
const MAX_ASKED_MS = 5 * 60_000
/** A peer that refuses us is not overloaded: somebody has to mend something first. */
const REFUSED_FACTOR = 16
const REFUSED_MAX_FACTOR = 2

/**
 * Exponential backoff with full jitter: anything between 0 and the doubled base, so that sidecars that failed
 * together do not come back together. `attempt` is 1 after the first failure.
 */
export function backoffMs(retry: Retry, attempt: number, random: number, refused = false): number {
  const base = refused ? retry.baseMs * REFUSED_FACTOR : retry.baseMs
  const max = refused ? retry.maxMs * REFUSED_MAX_FACTOR : retry.maxMs
  const ceiling = Math.min(max, base * 2 ** Math.min(attempt - 1, 30))
  return refused ? ceiling / 2 + (random * ceiling) / 2 : random * ceiling
}

/** The wait that a peer asked for, within reason. */
export function askedMs(afterMs: number | undefined): number {
  return Math.max(0, Math.min(afterMs ?? 0, MAX_ASKED_MS))
}
