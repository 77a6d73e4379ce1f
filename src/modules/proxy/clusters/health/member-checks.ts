import { type CheckerWorld, HealthChecker } from './checker.ts'
import type { HealthCheckConfig } from './config.ts'
import type { Probe } from './probe.ts'

/** All checks of one endpoint: it is healthy when it passes each of them; undecided until each has spoken or one has failed. */
export class MemberChecks implements Disposable {
  readonly #checkers: HealthChecker[]
  readonly #verdicts: (boolean | undefined)[]
  #healthy: boolean | undefined

  /** `verdict` is called when the verdict on the endpoint has changed, or is the first. */
  constructor(
    configs: readonly HealthCheckConfig[],
    probeOf: (config: HealthCheckConfig) => Probe,
    world: CheckerWorld,
  ) {
    this.#verdicts = configs.map(() => undefined)
    this.#checkers = configs.map((config, index) => {
      const verdict: CheckerWorld['verdict'] = (healthy, reason) => {
        this.#verdicts[index] = healthy
        const all = this.#together()
        if (all === undefined || all === this.#healthy) return
        this.#healthy = all
        world.verdict(all, reason)
      }
      return new HealthChecker(config.config, probeOf(config), { ...world, verdict })
    })
  }

  [Symbol.dispose](): void {
    for (const checker of this.#checkers) checker[Symbol.dispose]()
  }

  #together(): boolean | undefined {
    if (this.#verdicts.includes(false)) return false
    return this.#verdicts.includes(undefined) ? undefined : true
  }
}
