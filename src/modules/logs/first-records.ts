import type { Clock } from '../../kernel/clock/clock.ts'
import type { Log } from '../../kernel/log/log.ts'

/** How long the first records wait at the most. */
const PATIENCE_MS = 5000

/** The first records of a start wait for what steps have to learn before they can do their work. */
export class FirstRecords {
  readonly #clock: Clock
  readonly #log: Log
  readonly #signal: AbortSignal
  #waiting: Promise<unknown>[] = []
  #settled: Promise<void> | undefined

  constructor({ clock, log, signal }: { clock: Clock; log: Log; signal: AbortSignal }) {
    this.#clock = clock
    this.#log = log
    this.#signal = signal
  }

  holdFor(learnt: Promise<unknown>): void {
    this.#waiting.push(learnt)
  }

  /** Resolves once everything is learnt, or has taken too long; undefined when there is nothing to wait for. */
  settled(): Promise<void> | undefined {
    if (this.#waiting.length === 0) return undefined
    this.#settled ??= this.#wait(Promise.allSettled(this.#waiting)).then(() => {
      this.#waiting = []
    })
    return this.#settled
  }

  async #wait(all: Promise<unknown>): Promise<void> {
    const patience = new AbortController()
    const tooLong = this.#clock
      .sleep(PATIENCE_MS, AbortSignal.any([patience.signal, this.#signal]))
      .then(() =>
        this.#log.warn('steps_unprepared', 'records go on although a step has not learnt what it asked for'),
      )
      .catch(() => {})
    await Promise.race([all, tooLong])
    patience.abort()
  }
}
