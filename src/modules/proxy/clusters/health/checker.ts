import type { Clock, Timer } from '../../../../kernel/clock/clock.ts'
import type { PaceConfig } from './config.ts'
import type { Probe } from './probe.ts'

export interface CheckerWorld {
  readonly clock: Clock
  readonly random: () => number
  /** Whether the backend gets requests at present. */
  busy(): boolean
  /** Each result; `reason` is undefined when the check passed. */
  checked(reason: string | undefined): void
  /** The verdict has changed, or is the first. */
  verdict(healthy: boolean, reason: string | undefined): void
}

/** Give or take a tenth of the interval, so that many sidecars do not check at the same moment. */
const JITTER = 0.1

/** Checks one endpoint again and again. The first result decides at once, later ones by the thresholds. */
export class HealthChecker implements Disposable {
  readonly #config: PaceConfig
  readonly #probe: Probe
  readonly #world: CheckerWorld
  #healthy: boolean | undefined
  /** Results in a row that speak against the verdict. */
  #against = 0
  #timer: Timer | undefined
  #abort: AbortController | undefined
  #ended = false

  constructor(config: PaceConfig, probe: Probe, world: CheckerWorld) {
    this.#config = config
    this.#probe = probe
    this.#world = world
    void this.#turn()
  }

  [Symbol.dispose](): void {
    this.#ended = true
    this.#timer?.cancel()
    this.#abort?.abort(new Error('the check is not wanted any more'))
  }

  async #turn(): Promise<void> {
    const { timeoutMs } = this.#config
    const abort = new AbortController()
    this.#abort = abort
    let late = false
    const limit = this.#world.clock.timeout(timeoutMs, () => {
      late = true
      abort.abort(new Error('too late'))
    })
    const reason = await this.#probe.run(abort.signal)
    limit.cancel()
    if (this.#ended) return
    this.#timer = this.#world.clock.timeout(this.#pauseMs(), () => void this.#turn())
    this.#take(late ? `no answer within ${timeoutMs} ms` : reason)
  }

  #take(reason: string | undefined): void {
    this.#world.checked(reason)
    const passed = reason === undefined
    if (passed === this.#healthy) {
      this.#against = 0
      return
    }
    this.#against++
    const { healthyThreshold, unhealthyThreshold } = this.#config
    const enough = this.#healthy === undefined ? 1 : passed ? healthyThreshold : unhealthyThreshold
    if (this.#against < enough) return
    this.#against = 0
    this.#healthy = passed
    this.#world.verdict(passed, reason)
  }

  #pauseMs(): number {
    const { intervalMs, noTrafficIntervalMs } = this.#config
    const pauseMs = this.#world.busy() ? intervalMs : noTrafficIntervalMs
    return pauseMs * (1 - JITTER + 2 * JITTER * this.#world.random())
  }
}
