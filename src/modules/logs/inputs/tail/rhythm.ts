import type { Clock, Timer } from '../../../../kernel/clock/clock.ts'

/** How long changes are gathered before they are looked at: a busy writer costs five looks a second, not one per write. */
const GATHER_MS = 200
/** With very many files a look takes its time; then looks become rarer, so that they take at most a tenth of it. */
const REST_PER_LOOK = 10
/** While nothing happens and the kernel reports changes, polling slows down to this many intervals. */
const SLOWEST_POLL = 5

export interface Looks {
  /** Looks at everything; true = all was quiet. */
  poll(): Promise<boolean>
  /** Looks at what the kernel reported. */
  follow(): Promise<void>
}

/** When tail looks at its files: soon after the kernel reported a change, and every now and then in any case. */
export class Rhythm {
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #looks: Looks
  #pollMs: number
  #gatherMs = GATHER_MS
  #pollTimer: Timer | undefined
  #gatherTimer: Timer | undefined
  #stopped = false

  constructor(clock: Clock, intervalMs: number, looks: Looks) {
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#looks = looks
    this.#pollMs = intervalMs
  }

  /** Polls from now on, an interval after the end of the last poll. */
  start(): void {
    if (this.#stopped) return
    this.#pollTimer = this.#clock.timeout(this.#pollMs, async () => {
      const isQuiet = await this.#looks.poll()
      const slowestMs = this.#intervalMs * SLOWEST_POLL
      this.#pollMs = isQuiet ? Math.min(this.#pollMs * 2, slowestMs) : this.#intervalMs
      this.start()
    })
  }

  /** The kernel reported a first change: what else it reports soon is looked at together with it. */
  gather(): void {
    if (this.#stopped) return
    this.#gatherTimer?.cancel()
    this.#gatherTimer = this.#clock.timeout(this.#gatherMs, async () => {
      const began = this.#clock.monotonic()
      await this.#looks.follow()
      this.#gatherMs = Math.max(GATHER_MS, REST_PER_LOOK * (this.#clock.monotonic() - began))
    })
  }

  stop(): void {
    this.#stopped = true
    this.#pollTimer?.cancel()
    this.#gatherTimer?.cancel()
  }
}
