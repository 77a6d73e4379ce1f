import { backoffMs } from '../../../kernel/clock/backoff.ts'
import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import { errorText } from '../../../kernel/log/format.ts'
import type { PaceConfig } from './config.ts'
import type { React } from './reaction.ts'

interface OneReaction {
  /** That messages call it by. */
  readonly name: string
  /** It is for the supervised application, which ends with us. */
  readonly ofApplication: boolean
  readonly react: React
}

export interface ReactorGiven {
  /** In the order in which they happen. */
  readonly reactions: readonly OneReaction[]
  readonly pace: PaceConfig
  readonly clock: Clock
  readonly random: () => number
  readonly signal: AbortSignal
  readonly onOutcome: (name: string, seconds: number, failure?: string) => void
}

/** What did not work is tried again: the application still has its old secrets. */
const RETRY = { baseMs: 5000, maxMs: 300_000 }

/** Changes that never pause hold a round back for this many debounces, the ratio of consul-template's `wait`. */
const LONGEST_DEBOUNCES = 4

/**
 * Reactions that happen together. Changes are gathered until nothing has changed for a moment, but not for ever, and
 * never lead to more rounds than one in an interval; a change during a round leads to another one. What fails holds nothing
 * else back and is tried again; what worked is not repeated for the same changes.
 */
export class Reactor implements Disposable {
  readonly #given: ReactorGiven
  readonly #changed = new Set<string>()
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #lastMs = Number.NEGATIVE_INFINITY
  /** Of the changes that are gathered now: until when they may be, and the splay that they wait on top. */
  #gathering: { readonly untilMs: number; readonly splayMs: number } | undefined
  #failures = 0
  /** Those that worked for all that is gathered. */
  readonly #done = new Set<OneReaction>()
  #changedAtMs = 0
  #problem: string | undefined

  constructor(given: ReactorGiven) {
    this.#given = given
  }

  /** Why the last round did not work; undefined when it did. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** A delivery has changed. */
  trigger(delivery: string): void {
    if (this.#given.reactions.length === 0) return
    this.#changed.add(delivery)
    this.#failures = 0
    this.#done.clear()
    this.#changedAtMs = this.#given.clock.monotonic()
    const { pace, clock, random } = this.#given
    const nowMs = clock.monotonic()
    this.#gathering ??= {
      untilMs: nowMs + LONGEST_DEBOUNCES * pace.debounceMs,
      splayMs: random() * pace.splayMs,
    }
    const { untilMs, splayMs } = this.#gathering
    const quietMs = Math.min(nowMs + pace.debounceMs, untilMs) + splayMs
    this.#plan(Math.max(quietMs, this.#lastMs + pace.intervalMs) - nowMs)
  }

  /**
   * At the end: what is gathered happens now, as whoever comes after us finds nothing changed and would never tell of
   * it. The supervised application, which ends too, is left alone.
   */
  async finish(): Promise<void> {
    await this.#running
    this.#timer?.cancel()
    this.#timer = undefined
    this.#running = this.#round(true)
    await this.#running
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #plan(ms: number): void {
    this.#timer?.cancel()
    this.#timer = this.#given.clock.timeout(ms, () => {
      this.#timer = undefined
      // One round at a time: what changes during one waits for its end.
      this.#running = (this.#running ?? Promise.resolve()).then(() => this.#round())
    })
  }

  async #round(isLast = false): Promise<void> {
    const { reactions, clock, random, signal, onOutcome } = this.#given
    const deliveries = [...this.#changed]
    const atMs = this.#changedAtMs
    if (deliveries.length === 0) return
    this.#changed.clear()
    this.#gathering = undefined
    this.#lastMs = clock.monotonic()
    const todo = reactions.filter(each => !this.#done.has(each) && !(isLast && each.ofApplication))
    const failures: string[] = []
    const worked: OneReaction[] = []
    for (const reaction of todo) {
      const { name, react } = reaction
      const began = clock.monotonic()
      const failure = await react({ deliveries, atMs }, signal).then(
        () => undefined,
        error => errorText(error),
      )
      if (signal.aborted) return
      onOutcome(name, (clock.monotonic() - began) / 1000, failure)
      if (failure === undefined) worked.push(reaction)
      else failures.push(`${name}: ${failure}`)
    }
    this.#problem = failures.length === 0 ? undefined : failures.join('; ')
    if (failures.length === 0) {
      this.#failures = 0
      this.#done.clear()
      return
    }
    // A change in the meantime is for all of them.
    if (this.#changed.size === 0) for (const each of worked) this.#done.add(each)
    for (const delivery of deliveries) this.#changed.add(delivery)
    this.#failures++
    if (!isLast) this.#plan(backoffMs(RETRY, this.#failures, 0.5 + random() / 2))
  }
}
