import { askedMs, backoffMs, type Retry } from '../../../kernel/clock/backoff.ts'
import type { Clock } from '../../../kernel/clock/clock.ts'

/** While a peer does not take records, one send at a time tries it, ever more rarely. */
export class Pause {
  readonly #clock: Clock
  readonly #random: () => number
  #retry: Retry
  #attempts = 0
  #round = 0
  #untilMs = Number.NEGATIVE_INFINITY
  #sinceMs = 0
  #reason = ''
  #refused = false
  #hurried = false

  constructor(clock: Clock, retry: Retry, random: () => number) {
    this.#clock = clock
    this.#retry = retry
    this.#random = random
  }

  /** The last sends failed: only one at a time should be under way. */
  get failing(): boolean {
    return this.#attempts > 0
  }

  /** Monotonic time before which nothing should be sent. */
  get untilMs(): number {
    return this.#untilMs
  }

  /** What people should know; undefined when sends work. `sinceMs` is wall clock. */
  get trouble():
    | { readonly sinceMs: number; readonly reason: string; readonly refused: boolean }
    | undefined {
    if (!this.failing) return undefined
    return { sinceMs: this.#sinceMs, reason: this.#reason, refused: this.#refused }
  }

  /** Changes with every failure that counts: a send notes it when it begins. */
  get round(): number {
    return this.#round
  }

  /**
   * A send that began in this round failed, the `attempts`th time for its records. Returns how long they should
   * wait. Sends that were under way when the round ended tell nothing new and do not lengthen the pause.
   */
  failed(round: number, attempts: number, failure: Failure): number {
    const now = this.#clock.monotonic()
    this.#reason = failure.reason
    this.#refused = failure.refused === true
    if (!this.failing) this.#sinceMs = this.#clock.now()
    if (round === this.#round) {
      this.#round++
      this.#attempts++
      this.#untilMs = now + this.#waitMs(this.#attempts, failure)
    }
    const pauseMs = Math.max(0, this.#untilMs - now)
    return attempts <= this.#attempts ? pauseMs : Math.max(pauseMs, this.waitMs(attempts))
  }

  /** How long records wait that have failed this often by themselves. */
  waitMs(attempts: number): number {
    return backoffMs(this.#retry, attempts, this.#random())
  }

  worked(): void {
    this.#attempts = 0
    this.#untilMs = Number.NEGATIVE_INFINITY
  }

  /** From now on waits are short, and the present one is over. */
  hurry(): void {
    this.#retry = HURRY
    this.#hurried = true
    this.#untilMs = Number.NEGATIVE_INFINITY
  }

  #waitMs(attempts: number, { afterMs, refused }: Failure): number {
    const ms = backoffMs(this.#retry, attempts, this.#random(), refused)
    return this.#hurried ? ms : Math.max(ms, askedMs(afterMs))
  }
}

/** While draining there is no time for long waits, whatever the peer asks for. */
const HURRY: Retry = { baseMs: 100, maxMs: 500 }

export interface Failure {
  readonly reason: string
  readonly afterMs?: number
  readonly refused?: boolean
}
