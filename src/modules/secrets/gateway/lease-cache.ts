import { renewalPause } from '../../../backends/vault/renewal.ts'
import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import { SourceFailure } from '../sources/source.ts'

/** An answer as it is given out again. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** What an answer grants for a time. */
export interface Grant {
  readonly kind: 'lease' | 'token'
  /** The lease's id, or the token. */
  readonly id: string
  readonly accessor: string
  readonly durationMs: number
  readonly renewable: boolean
}

export interface CacheEntry {
  readonly key: string
  readonly answer: KeptAnswer
  readonly grant: Grant
  /** By which it was asked for: what it grants ends with that token. None for a login. */
  readonly token?: string
  readonly namespace: string
  /** Without query: `/v1/database/creds/app`. */
  readonly path: string
}

export interface LeaseCacheOptions {
  readonly clock: Clock
  readonly random: () => number
  /** Gives the duration that is granted now; rejects when it is over. */
  readonly renew: (entry: CacheEntry) => Promise<{ durationMs: number; renewable: boolean }>
  readonly maxEntries: number
}

interface Kept extends CacheEntry {
  sinceMs: number
  endMs: number
  timer: Timer | undefined
}

const PASSING: ReadonlySet<string> = new Set(['sealed', 'unavailable'])
/** Leases of less than this are not worth keeping. */
const LEAST_MS = 1000
const LONGEST_MS = 86_400_000
/** What cannot be renewed any more is given out for this part of its time. */
const USABLE = 0.9

/**
 * Answers that grant leases or tokens. An entry is given out while what it grants lives: it is renewed as Vault's
 * own clients do, and forgotten when a renewal is refused, when its end is near, or when it is revoked through us.
 */
export class LeaseCache implements Disposable {
  readonly #options: LeaseCacheOptions
  /** The oldest first. */
  readonly #entries = new Map<string, Kept>()

  constructor(options: LeaseCacheOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.size
  }

  /** With its age in milliseconds. */
  get(key: string): { readonly answer: KeptAnswer; readonly ageMs: number } | undefined {
    const entry = this.#entries.get(key)
    const now = this.#options.clock.monotonic()
    if (entry === undefined) return undefined
    // A copy: ours is wiped when it is forgotten, which may be before that one was written.
    if (now < entry.endMs)
      return { answer: { ...entry.answer, body: Buffer.from(entry.answer.body) }, ageMs: now - entry.sinceMs }
    this.#forget(entry)
    return undefined
  }

  /** Whether a token was granted by an answer that is kept. */
  knowsToken(token: string): boolean {
    for (const { grant } of this.#entries.values())
      if (grant.kind === 'token' && grant.id === token) return true
    return false
  }

  add(entry: CacheEntry): void {
    if (entry.grant.durationMs < LEAST_MS) return
    const before = this.#entries.get(entry.key)
    if (before !== undefined) this.#forget(before)
    const now = this.#options.clock.monotonic()
    const kept: Kept = { ...entry, sinceMs: now, endMs: now, timer: undefined }
    this.#entries.set(entry.key, kept)
    this.#granted(kept, entry.grant)
    if (this.#entries.size > this.#options.maxEntries) this.#forget(this.#entries.values().next().value!)
  }

  /** Forgets all that fit, and what was asked for with tokens that are forgotten. */
  evict(fits: (entry: CacheEntry) => boolean): void {
    const gone = [...this.#entries.values()].filter(fits)
    for (const entry of gone) this.#forget(entry)
    const tokens = new Set(gone.flatMap(({ grant }) => (grant.kind === 'token' ? [grant.id] : [])))
    if (tokens.size > 0) this.evict(({ token }) => token !== undefined && tokens.has(token))
  }

  [Symbol.dispose](): void {
    for (const entry of [...this.#entries.values()]) this.#forget(entry)
  }

  #granted(entry: Kept, { durationMs, renewable }: { durationMs: number; renewable: boolean }): void {
    const { clock, random } = this.#options
    const pause = renewable ? renewalPause({ remainingMs: durationMs, durationMs }, random()) : undefined
    entry.endMs = clock.monotonic() + durationMs * (pause === undefined ? USABLE : 1)
    const waitMs = Math.min(pause ?? durationMs * USABLE, LONGEST_MS)
    entry.timer = clock.timeout(waitMs, () =>
      pause === undefined ? this.get(entry.key) : void this.#renew(entry),
    )
  }

  async #renew(entry: Kept): Promise<void> {
    try {
      const granted = await this.#options.renew(entry)
      if (this.#entries.get(entry.key) !== entry) return
      if (granted.durationMs < LEAST_MS) this.#forget(entry)
      else this.#granted(entry, granted)
    } catch (error) {
      if (this.#entries.get(entry.key) !== entry) return
      const { clock } = this.#options
      const leftMs = entry.endMs - clock.monotonic()
      const isPassing = error instanceof SourceFailure && PASSING.has(error.reason)
      // While nobody answers, the lease goes on until its end.
      if (isPassing && leftMs > LEAST_MS)
        entry.timer = clock.timeout(Math.max(LEAST_MS, leftMs / 3), () => void this.#renew(entry))
      else this.#forget(entry)
    }
  }

  #forget(entry: Kept): void {
    entry.timer?.cancel()
    entry.answer.body.fill(0)
    this.#entries.delete(entry.key)
  }
}
