/**
 * When leases and tokens are renewed: the rules of Vault's own clients (lifetime watcher, consul-template), so that a
 * server meets the load that it knows. All are pure: `random` is a number from 0 to 1.
 */

/** Of a lease's duration the last tenth, and up to another tenth at random, is not slept through. */
const GRACE = 0.1

/**
 * How long to wait before the next renewal; undefined when none would help: less is left than the grace, so a new
 * credential is due. `durationMs` is what `graceSpan` says, `incrementMs` what was asked for.
 */
export function renewalPause(
  lease: { readonly remainingMs: number; readonly durationMs: number; readonly incrementMs?: number },
  random: number,
): number | undefined {
  const { remainingMs, durationMs, incrementMs } = lease
  const span = incrementMs === undefined || incrementMs <= 0 ? durationMs : Math.min(durationMs, incrementMs)
  const graceMs = span * GRACE + random * span * GRACE
  const pauseMs = (remainingMs * 2) / 3 + graceMs / 3
  return remainingMs <= graceMs || remainingMs - pauseMs <= graceMs ? undefined : pauseMs
}

/**
 * The duration that the grace is a part of: the last one by which a renewal still gained something. Near its greatest
 * time a lease is given less and less; measured by that, it would be renewed into its very last second.
 */
export function graceSpan(spanMs: number, grantedMs: number, renewedMs: number): number {
  return renewedMs > grantedMs ? renewedMs : spanMs
}

/** What cannot be renewed is asked for again at `threshold` of its time, give or take a twentieth of it. */
export function expiryPause(ttlMs: number, random: number, threshold = 0.9): number {
  return Math.max(0, ttlMs * (threshold + (random - 0.5) * GRACE))
}

/** What its owner changes at a known time is asked for a second later. */
export const ROTATION_LAG_MS = 1000

/** Pauses between tries of a login: doubled up to `maxMs`, then up to a quarter less at random. */
export class LoginPauses {
  readonly #minMs: number
  readonly #maxMs: number
  #currentMs: number

  constructor({ minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }) {
    this.#minMs = minMs
    this.#maxMs = maxMs
    this.#currentMs = minMs
  }

  next(random: number): number {
    const pauseMs = this.#currentMs * (1 - random / 4)
    this.#currentMs = Math.min(this.#currentMs * 2, this.#maxMs)
    return pauseMs
  }

  reset(): void {
    this.#currentMs = this.#minMs
  }
}
