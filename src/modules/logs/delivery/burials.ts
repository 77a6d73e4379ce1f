import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Log } from '../../../kernel/log/log.ts'
import { diskProblem } from '../spool/disk-error.ts'
import type { DeadLetter, DeadLetters } from './dead-letters.ts'

const RETRY_MS = 1000

/** Writes dead letters until the disk takes them: before that their records are not acknowledged. */
export class Burials {
  readonly #deadLetters: DeadLetters
  readonly #output: string
  readonly #clock: Clock
  readonly #log: Log
  readonly #signal: AbortSignal
  #waiting = 0
  #problem: string | undefined

  constructor(deadLetters: DeadLetters, output: string, clock: Clock, log: Log, signal: AbortSignal) {
    this.#deadLetters = deadLetters
    this.#output = output
    this.#clock = clock
    this.#log = log
    this.#signal = signal
  }

  /** Why letters wait; undefined when they do not. */
  get problem(): string | undefined {
    return this.#waiting > 0 ? this.#problem : undefined
  }

  /** true once they are on disk; false when the signal aborted before that. */
  async bury(letters: readonly DeadLetter[]): Promise<boolean> {
    for (let waits = false; !this.#signal.aborted; waits = true) {
      if (waits) await this.#wait()
      try {
        await this.#deadLetters.write(letters)
        return true
      } catch (error) {
        this.#problem = diskProblem(error)
        const message = `cannot write the dead letters of output ${this.#output}: ${this.#problem}; trying again`
        this.#log.error('dead_letters_failed', message, { output: this.#output })
      }
    }
    return false
  }

  async #wait(): Promise<void> {
    this.#waiting++
    await this.#clock.sleep(RETRY_MS, this.#signal).catch(() => {})
    this.#waiting--
  }
}
