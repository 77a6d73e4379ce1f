import type { Clock } from '../../../kernel/clock/clock.ts'
import { writeLossless } from '../../../wire/json/lossless.ts'
import { type SecretRequest, type SecretSource, SourceFailure } from '../sources/source.ts'
import { Room } from './room.ts'
import { type SecretWorld, TrackedSecret } from './tracked-secret.ts'
import type { SecretValue } from './value.ts'

/** Somebody wants a secret, and hears of its changes until this is disposed of. */
export interface Wanted extends Disposable {
  readonly secret: TrackedSecret
}

export interface SecretsGiven {
  readonly clock: Clock
  readonly random: () => number
  readonly signal: AbortSignal
  readonly intervalMs: number
  readonly threshold: number
  readonly maxSecrets: number
  /** Of the requests to one source that are under way at once. */
  readonly maxRequests: number
  readonly onOutcome: SecretWorld['onOutcome']
  /** A value that an earlier process kept, by `requestKey`. */
  readonly kept?: (key: string) => SecretValue | undefined
  /** Whether such a value counts before its source has answered. */
  readonly trustsKept?: boolean
}

interface Entry {
  readonly secret: TrackedSecret
  readonly listeners: Set<() => void>
  leaving: { cancel(): void } | undefined
}

/** A secret that nobody wants any more is kept for a moment: a template's next pass may want it again. */
const LINGER_MS = 30_000
/** A wall clock that is this far off the other one was set, or the machine was asleep. */
const JUMP_MS = 30_000
const LOOK_MS = 15_000

/** The secrets that somebody wants: one life for each, however many want it. */
export class Secrets implements Disposable {
  readonly #given: SecretsGiven
  readonly #entries = new Map<string, Entry>()
  readonly #rooms = new Map<SecretSource, Room>()
  readonly #doubts = new Map<SecretSource, Disposable | undefined>()
  readonly #look: { cancel(): void }
  #offsetMs: number

  constructor(given: SecretsGiven) {
    this.#given = given
    const { clock } = given
    this.#offsetMs = clock.now() - clock.monotonic()
    this.#look = clock.interval(LOOK_MS, () => this.#checkClock())
  }

  /** In the order in which they were first wanted. */
  *all(): Iterable<TrackedSecret> {
    for (const { secret } of this.#entries.values()) yield secret
  }

  /** The values that are good now, by `requestKey`, with their leases as they were last granted. */
  *good(): Iterable<{ readonly key: string; readonly value: SecretValue }> {
    for (const [key, { secret }] of this.#entries) {
      const value = secret.lastGood
      if (value !== undefined) yield { key, value }
    }
  }

  get size(): number {
    return this.#entries.size
  }

  /** Throws a SourceFailure when there are as many as there may be. */
  want(sourceName: string, source: SecretSource, request: SecretRequest, onChange: () => void): Wanted {
    const key = requestKey(sourceName, request)
    const entry = this.#entries.get(key) ?? this.#open(key, sourceName, source, request)
    entry.leaving?.cancel()
    entry.leaving = undefined
    // A listener of its own for each: the same function may be given twice.
    const listener = () => onChange()
    entry.listeners.add(listener)
    return {
      secret: entry.secret,
      [Symbol.dispose]: () => {
        if (entry.listeners.delete(listener) && entry.listeners.size === 0) this.#leave(key, entry)
      },
    }
  }

  /** The secrets of a source that is there no more. */
  forget(source: SecretSource): void {
    for (const [key, { secret }] of this.#entries) {
      if (!secret.isOf(source)) continue
      secret[Symbol.dispose]()
      this.#entries.delete(key)
    }
    this.#doubts.get(source)?.[Symbol.dispose]()
    this.#doubts.delete(source)
    this.#rooms.delete(source)
  }

  [Symbol.dispose](): void {
    this.#look.cancel()
    for (const { secret, leaving } of this.#entries.values()) {
      leaving?.cancel()
      secret[Symbol.dispose]()
    }
    for (const doubt of this.#doubts.values()) doubt?.[Symbol.dispose]()
    this.#entries.clear()
  }

  #open(key: string, sourceName: string, source: SecretSource, request: SecretRequest): Entry {
    const { maxSecrets, kept, trustsKept } = this.#given
    if (this.#entries.size >= maxSecrets)
      throw new SourceFailure(
        'invalid',
        `more than ${maxSecrets} secrets are asked for: raise secrets.limits.secrets`,
      )
    const listeners = new Set<() => void>()
    const secret = new TrackedSecret(sourceName, source, request, {
      ...this.#given,
      room: this.#roomOf(source),
      onChange: () => {
        for (const listener of [...listeners]) listener()
      },
    })
    const entry: Entry = { secret, listeners, leaving: undefined }
    this.#entries.set(key, entry)
    this.#listenForDoubts(source)
    secret.start(kept?.(key) ?? request.earlier?.(), trustsKept)
    return entry
  }

  #roomOf(source: SecretSource): SecretWorld['room'] {
    const room = this.#rooms.get(source) ?? new Room(this.#given.maxRequests)
    this.#rooms.set(source, room)
    return request => room.run(request)
  }

  #leave(key: string, entry: Entry): void {
    entry.leaving = this.#given.clock.timeout(LINGER_MS, () => {
      entry.secret[Symbol.dispose]()
      this.#entries.delete(key)
    })
  }

  #listenForDoubts(source: SecretSource): void {
    if (this.#doubts.has(source)) return
    this.#doubts.set(
      source,
      source.onDoubt?.(endsInMs => {
        for (const { secret } of this.#entries.values()) if (secret.isOf(source)) secret.doubt(endsInMs)
      }),
    )
  }

  /** Leases run by the clock of their server: after a jump of ours the server is asked, rather than either clock believed. */
  #checkClock(): void {
    const { clock } = this.#given
    const offsetMs = clock.now() - clock.monotonic()
    const jumpedMs = Math.abs(offsetMs - this.#offsetMs)
    this.#offsetMs = offsetMs
    if (jumpedMs < JUMP_MS) return
    for (const { secret } of this.#entries.values()) secret.doubt(0)
  }
}

/** Equal for requests that want the same. */
export function requestKey(sourceName: string, { path, version, write }: SecretRequest): string {
  const written =
    write === undefined
      ? null
      : [...write].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, writeLossless(value)])
  return JSON.stringify([sourceName, path, version ?? null, written])
}
