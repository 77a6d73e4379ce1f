import { expiryPause, graceSpan, ROTATION_LAG_MS, renewalPause } from '../../../backends/vault/renewal.ts'
import { backoffMs } from '../../../kernel/clock/backoff.ts'
import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import { errorText } from '../../../kernel/log/format.ts'
import {
  type FailureReason,
  type SecretRequest,
  type SecretSource,
  SourceFailure,
} from '../sources/source.ts'
import { LeaseBound, type Pause } from './lease-bound.ts'
import { sameData } from './same-data.ts'
import type { Lease, SecretValue } from './value.ts'

/**
 * - `waiting`: there was no value yet;
 * - `fresh`: the value is good;
 * - `stale`: it is the last good one of a source that should have been asked again and did not answer;
 * - `expired`: its time is over, and there is no other one.
 */
export type SecretState = 'waiting' | 'fresh' | 'stale' | 'expired'

/** Why the last try of something did not work. */
export interface SecretProblem {
  readonly reason: FailureReason
  readonly message: string
  /** Of the wall clock. */
  readonly sinceMs: number
  readonly attempts: number
}

/** What a secret asks of its surroundings. */
export interface SecretWorld {
  readonly clock: Clock
  /** From 0 to 1. */
  readonly random: () => number
  /** Aborts when the module ends. */
  readonly signal: AbortSignal
  /** How often what has no end is asked for. */
  readonly intervalMs: number
  /** The part of a lease's time after which what cannot be renewed is asked for anew. */
  readonly threshold: number
  /** Runs one request of this secret when its source has room for it. */
  readonly room: <T>(request: () => Promise<T>) => Promise<T>
  /** Something was tried. */
  readonly onOutcome: (secret: TrackedSecret, what: 'fetch' | 'renewal', failure?: SourceFailure) => void
  /** There is another value. */
  readonly onChange: (secret: TrackedSecret) => void
}

/** Nobody could answer: soon again, but not all at once. */
const PASSING = { baseMs: 250, maxMs: 60_000 }
/** The answer will stay the same until somebody does something. */
const SETTLED = { baseMs: 5000, maxMs: 300_000 }
/** Renewals that fail are tried again at least this often while the lease lasts. */
const RENEWAL = { baseMs: 2000, maxMs: 60_000 }
/** A lease that is lost was probably lost by many. */
const SPLAY_MS = 5000
/** No secret is asked for more often than this, whatever its times say. */
const LEAST_PAUSE_MS = 500
/** Timers reach no further than 24 days. */
const LONGEST_PAUSE_MS = 86_400_000

/**
 * One secret with a life of its own: fetched, renewed while its lease can be, fetched anew before its end, and kept as
 * it is while its source is away. What becomes of other secrets, and of the source's own token, does not touch it.
 */
export class TrackedSecret {
  readonly sourceName: string
  readonly request: SecretRequest
  readonly #source: SecretSource
  readonly #world: SecretWorld
  readonly #stop = new AbortController()
  #value: SecretValue | undefined
  #lease: Lease | undefined
  /** What the grace of the lease's renewals is a part of. */
  #spanMs = 0
  /** Of the monotonic clock; undefined while there is no value, infinite for one without an end. */
  #endMs: number | undefined
  readonly #bound = new LeaseBound()
  /** An earlier process's value, whose lease is asked about. */
  #candidate: SecretValue | undefined
  #problem: SecretProblem | undefined
  #timer: Timer | undefined
  #busy = false
  /** What was asked for while something was under way. */
  #next: 'fetch' | 'verify' | undefined
  #nextAtMs: number | undefined
  /** What is done next, or is under way. */
  #planned: Pause['act'] = 'fetch'
  #succeededAtMs: number | undefined
  #changedAtMs: number | undefined
  #watching: Disposable | undefined

  constructor(sourceName: string, source: SecretSource, request: SecretRequest, world: SecretWorld) {
    this.sourceName = sourceName
    this.request = request
    this.#source = source
    this.#world = world
  }

  /** As people see it: `vault:database/creds/app`. */
  get name(): string {
    const version = this.request.version === undefined ? '' : `?version=${this.request.version}`
    return `${this.sourceName}:${this.request.path}${version}`
  }

  /** The last good value, whatever has become of it since. */
  get value(): SecretValue | undefined {
    return this.#value
  }

  /** The value, with its lease as it was last granted; undefined while there is none whose time is not over. */
  get lastGood(): SecretValue | undefined {
    if (this.#value === undefined || this.remainingMs() <= 0) return undefined
    if (this.#lease === undefined) return this.#value
    const { clock } = this.#world
    const { endMs } = this.#bound
    const endsAtMs = Number.isFinite(endMs)
      ? clock.now() + endMs - clock.monotonic()
      : this.#source.leasesEndAtMs?.()
    return this.#value.withLease({ ...this.#lease, ...(endsAtMs !== undefined && { endsAtMs }) })
  }

  get problem(): SecretProblem | undefined {
    return this.#problem
  }

  get state(): SecretState {
    if (this.#value === undefined) return 'waiting'
    if (this.remainingMs() <= 0) return 'expired'
    const { kind } = this.#value.timing
    return this.#problem !== undefined && (kind === 'static' || kind === 'watched') ? 'stale' : 'fresh'
  }

  /** Until the value ends; infinite for one without an end. */
  remainingMs(): number {
    return this.#endMs === undefined ? 0 : this.#endMs - this.#world.clock.monotonic()
  }

  /** Of the wall clock: when something is done next, was done last, and changed the value. */
  get times(): {
    readonly nextAtMs?: number
    readonly succeededAtMs?: number
    readonly changedAtMs?: number
  } {
    return {
      ...(this.#nextAtMs !== undefined && { nextAtMs: this.#nextAtMs }),
      ...(this.#succeededAtMs !== undefined && { succeededAtMs: this.#succeededAtMs }),
      ...(this.#changedAtMs !== undefined && { changedAtMs: this.#changedAtMs }),
    }
  }

  /** The lease that the value hangs on, as it was last granted. */
  get lease(): Lease | undefined {
    return this.#lease
  }

  isOf(source: SecretSource): boolean {
    return this.#source === source
  }

  /**
   * Begins to fetch. Of an earlier process's value the lease goes on, if its source still knows it, and what stands alone is
   * not asked for again before its time; `trusted`: until the source answers, the value is as good as a stale one.
   */
  start(kept?: SecretValue, trusted = false): void {
    this.#watching = this.#source.watch?.(this.request, () => this.refresh())
    if (kept !== undefined && trusted) this.#take(kept)
    if (kept?.timing.kind === 'expires' && kept.timing.standsAlone && this.#leftOf(kept) > 0) {
      this.#take(kept)
      this.#planSooner(this.#pauseOf(kept)!)
      return
    }
    const lease = kept?.timing.kind === 'leased' ? kept.timing.lease : undefined
    if (kept !== undefined && lease !== undefined && this.#leftOfLease(lease) > 0) {
      this.#candidate = kept
      this.#hold(lease)
      if (lease.endsAtMs !== undefined) this.#bind(lease.endsAtMs - this.#world.clock.now())
      this.#do('verify')
    } else this.#do('fetch')
  }

  /** Fetches now. */
  refresh(): void {
    this.#do('fetch')
  }

  /**
   * The lease that is held ends in so many milliseconds, whatever it was granted for; 0: perhaps already, which its source
   * is asked for, a little later than for other secrets.
   */
  doubt(endsInMs: number): void {
    if (this.#lease === undefined) return
    const { clock, random } = this.#world
    if (endsInMs <= 0) {
      this.#plan('verify', random() * SPLAY_MS * 2)
      return
    }
    this.#bind(endsInMs)
    if (this.#nextAtMs === undefined) {
      // What is being fetched may hang on the same.
      if (this.#planned === 'fetch') this.#next = 'fetch'
      return
    }
    this.#planSooner({ act: this.#planned, ms: this.#nextAtMs - clock.now() })
  }

  [Symbol.dispose](): void {
    this.#stop.abort(new Error('the secret is not wanted any more'))
    this.#timer?.cancel()
    this.#watching?.[Symbol.dispose]()
  }

  #bind(endsInMs: number): void {
    const { clock, random } = this.#world
    this.#bound.set(clock.monotonic(), endsInMs, random())
    this.#endMs = Math.min(this.#endMs!, this.#bound.endMs)
  }

  get #signal(): AbortSignal {
    return this.#stop.signal
  }

  #do(what: Pause['act']): void {
    this.#timer?.cancel()
    this.#nextAtMs = undefined
    if (this.#busy) {
      if (what !== 'renew') this.#next = what
      return
    }
    this.#busy = true
    this.#planned = what
    void (what === 'fetch' ? this.#fetch() : this.#renew(what)).then(pause => {
      this.#busy = false
      if (this.#signal.aborted) return
      const next = this.#next
      this.#next = undefined
      if (next !== undefined) this.#plan(next, LEAST_PAUSE_MS)
      else if (pause !== undefined) this.#planSooner(pause)
    })
  }

  /** As late as its bound allows. */
  #planSooner(pause: Pause): void {
    const { act, ms } = this.#bound.limited(pause, this.#world.clock.monotonic())
    this.#plan(act, ms)
  }

  #plan(what: Pause['act'], ms: number): void {
    this.#timer?.cancel()
    const { clock } = this.#world
    const pauseMs = Math.min(Math.max(ms, 0), LONGEST_PAUSE_MS)
    this.#nextAtMs = clock.now() + ms
    this.#planned = what
    this.#timer = clock.timeout(pauseMs, () =>
      ms > LONGEST_PAUSE_MS ? this.#plan(what, ms - pauseMs) : this.#do(what),
    )
  }

  async #fetch(): Promise<Pause | undefined> {
    try {
      const value = await this.#world.room(() => this.#source.fetch(this.request, this.#signal))
      if (this.#signal.aborted) return undefined
      if (this.#leftOf(value) <= 0)
        throw new SourceFailure('invalid', `${this.name}: came with its time already over; is a clock wrong?`)
      const before = this.#value
      this.#candidate = undefined
      this.#take(value)
      this.#succeeded('fetch')
      if (before === undefined || !sameValue(before, value)) {
        this.#changedAtMs = this.#world.clock.now()
        this.#world.onChange(this)
      }
      return this.#pauseOf(value)
    } catch (error) {
      const failure = this.#failed('fetch', error)
      if (failure === undefined) return undefined
      return { act: 'fetch', ms: Math.max(LEAST_PAUSE_MS, this.#pauseAfter(failure)) }
    }
  }

  /** `verify` wants to know whether the lease is there at all; `renew` wants it to last longer. */
  async #renew(what: 'renew' | 'verify'): Promise<Pause | undefined> {
    const lease = this.#lease
    const renew = this.#source.renew?.bind(this.#source)
    if (lease === undefined || renew === undefined) return { act: 'fetch', ms: 0 }
    try {
      const next = await this.#world.room(() => renew(lease, this.#signal))
      if (this.#signal.aborted) return undefined
      this.#adopt()
      this.#hold(next)
      this.#succeeded('renewal')
      return this.#pauseOfLease(next)
    } catch (error) {
      const failure = this.#failed('renewal', error)
      if (failure === undefined) return undefined
      return this.#afterFailedRenewal(failure, lease, what)
    }
  }

  /** The lease is known: its value is the value. */
  #adopt(): void {
    const candidate = this.#candidate
    if (candidate === undefined) return
    this.#candidate = undefined
    this.#value = candidate
    this.#changedAtMs = this.#world.clock.now()
    this.#world.onChange(this)
  }

  #afterFailedRenewal(failure: SourceFailure, lease: Lease, what: 'renew' | 'verify'): Pause {
    const { random } = this.#world
    if (failure.reason === 'lost') {
      this.#endMs = this.#world.clock.monotonic()
      // Nobody has it yet, so that nobody can be told later that it is over.
      if (this.#candidate !== undefined) return { act: 'fetch', ms: 0 }
      return { act: 'fetch', ms: random() * SPLAY_MS }
    }
    if (failure.reason === 'unavailable' || failure.reason === 'sealed') {
      const leftMs = this.remainingMs()
      if (leftMs <= 0) return { act: 'fetch', ms: random() * SPLAY_MS }
      const pause = backoffMs(RENEWAL, this.#problem!.attempts, 0.5 + random() / 2)
      return {
        act: what,
        ms: Math.min(Math.max(pause, failure.retryAfterMs ?? 0), Math.max(leftMs / 3, LEAST_PAUSE_MS)),
      }
    }
    // It may not be renewed, and it is not gone: it is good until its end.
    this.#adopt()
    this.#hold({ ...lease, renewable: false })
    return this.#pauseOfLease(this.#lease!)
  }

  #take(value: SecretValue): void {
    this.#value = value
    this.#lease = value.timing.kind === 'leased' ? value.timing.lease : undefined
    this.#spanMs = this.#lease?.durationMs ?? 0
    this.#bound.clear()
    this.#endMs = this.#world.clock.monotonic() + this.#leftOf(value)
  }

  #hold(lease: Lease): void {
    this.#spanMs = graceSpan(this.#spanMs, this.#lease?.durationMs ?? 0, lease.durationMs)
    this.#lease = lease
    this.#endMs = Math.min(this.#bound.endMs, this.#world.clock.monotonic() + this.#leftOfLease(lease))
  }

  /** How much of its time a value has left now, in milliseconds. */
  #leftOf({ timing }: SecretValue): number {
    if (timing.kind === 'leased') return this.#leftOfLease(timing.lease)
    if (timing.kind === 'rotated' || timing.kind === 'expires') return timing.atMs - this.#world.clock.now()
    return Number.POSITIVE_INFINITY
  }

  /** A clock that was set back does not make a lease longer than it was granted. */
  #leftOfLease({ grantedAtMs, durationMs, endsAtMs }: Lease): number {
    const now = this.#world.clock.now()
    const leftMs = durationMs - Math.max(0, now - grantedAtMs)
    return endsAtMs === undefined ? leftMs : Math.min(leftMs, endsAtMs - now)
  }

  #pauseOf({ timing }: SecretValue): Pause | undefined {
    const { clock, random, intervalMs, threshold } = this.#world
    switch (timing.kind) {
      case 'leased':
        return this.#pauseOfLease(timing.lease)
      case 'rotated':
        return { act: 'fetch', ms: Math.max(LEAST_PAUSE_MS, timing.atMs - clock.now() + ROTATION_LAG_MS) }
      case 'expires': {
        const now = clock.now()
        const fromMs = timing.fromMs ?? now
        const pause = expiryPause(timing.atMs - fromMs, random(), threshold) - (now - fromMs)
        return { act: 'fetch', ms: Math.max(LEAST_PAUSE_MS, pause) }
      }
      case 'static':
        return {
          act: 'fetch',
          ms: expiryPause(timing.askAfterMs ?? this.#source.intervalMs ?? intervalMs, random()),
        }
      case 'watched':
        return undefined
    }
  }

  #pauseOfLease(lease: Lease): Pause {
    const { random, threshold } = this.#world
    const remainingMs = this.remainingMs()
    if (lease.renewable && this.#source.renew !== undefined) {
      const ms = renewalPause({ remainingMs, durationMs: this.#spanMs }, random())
      return ms === undefined
        ? { act: 'fetch', ms: LEAST_PAUSE_MS }
        : { act: 'renew', ms: Math.max(LEAST_PAUSE_MS, ms) }
    }
    const heldMs = lease.durationMs - remainingMs
    return {
      act: 'fetch',
      ms: Math.max(LEAST_PAUSE_MS, expiryPause(lease.durationMs, random(), threshold) - heldMs),
    }
  }

  #pauseAfter({ reason, retryAfterMs }: SourceFailure): number {
    const { random } = this.#world
    const { attempts } = this.#problem!
    const passing = reason === 'unavailable' || reason === 'sealed'
    const pause = passing
      ? backoffMs(PASSING, attempts, random())
      : backoffMs(SETTLED, attempts, 0.5 + random() / 2)
    return Math.max(pause, retryAfterMs ?? 0)
  }

  #succeeded(what: 'fetch' | 'renewal'): void {
    this.#problem = undefined
    this.#succeededAtMs = this.#world.clock.now()
    this.#world.onOutcome(this, what)
  }

  /** Undefined when nobody wants the secret any more. */
  #failed(what: 'fetch' | 'renewal', error: unknown): SourceFailure | undefined {
    if (this.#signal.aborted || this.#world.signal.aborted) return undefined
    const failure =
      error instanceof SourceFailure
        ? error
        : new SourceFailure('unavailable', `${this.name}: ${errorText(error)}`)
    const same = this.#problem?.reason === failure.reason ? this.#problem : undefined
    this.#problem = {
      reason: failure.reason,
      message: failure.message,
      sinceMs: same?.sinceMs ?? this.#world.clock.now(),
      attempts: (same?.attempts ?? 0) + 1,
    }
    this.#world.onOutcome(this, what, failure)
    return failure
  }
}

/** A version says enough only together with what it is a version of, so data decides where there is doubt. */
function sameValue(before: SecretValue, after: SecretValue): boolean {
  return sameData(before.document, after.document)
}
