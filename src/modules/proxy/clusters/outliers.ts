import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import type { CallResult } from './cluster.ts'
import type { OutlierDetectionConfig } from './config.ts'
import { kindOfEnd } from './failure-kind.ts'
import type { Member } from './member.ts'
import type { EjectionCause } from './metrics.ts'

/** What outlier detection needs of its cluster. */
export interface OutlierWorld {
  readonly clock: Clock
  readonly random: () => number
  /** All that are listed. */
  members(): Iterable<Member>
  /** `member.ejected` has just become true for `forMs`. */
  ejected(member: Member, cause: EjectionCause, forMs: number): void
  /** `member.ejected` has just become false. */
  returned(member: Member): void
}

/** Rounding must not make an outlier of one among equals. */
const EPSILON = 1e-9

/** Takes out of use for some time the endpoints that fail more than others: the rules of Envoy's outlier detection. */
export class OutlierDetection implements Disposable {
  readonly #config: OutlierDetectionConfig
  readonly #world: OutlierWorld
  readonly #sweep: Timer

  constructor(config: OutlierDetectionConfig, world: OutlierWorld) {
    this.#config = config
    this.#world = world
    this.#sweep = world.clock.interval(config.intervalMs, () => this.#endInterval())
  }

  /** The end of a call. */
  observe(member: Member, result: CallResult): void {
    const kind = kindOfEnd(result)
    if (kind === 'none' || member.ejected || !member.listed) return
    if (result.outcome === 'answered') {
      member.answers++
      member.latencySumMs += result.latencyMs
    }
    if (kind === 'success') {
      member.successes++
      member.consecutiveErrors = 0
      member.consecutiveGatewayErrors = 0
      return
    }
    member.failures++
    member.consecutiveErrors++
    member.consecutiveGatewayErrors = kind === 'gateway' ? member.consecutiveGatewayErrors + 1 : 0
    const { consecutiveErrors, consecutiveGatewayErrors } = this.#config
    if (reached(member.consecutiveGatewayErrors, consecutiveGatewayErrors))
      this.#eject(member, 'consecutive_gateway_errors')
    else if (reached(member.consecutiveErrors, consecutiveErrors)) this.#eject(member, 'consecutive_errors')
  }

  /** The member is listed no more. */
  forget(member: Member): void {
    member.ejectedUntil?.cancel()
    member.ejectedUntil = undefined
    member.ejected = false
  }

  /** Everybody comes back: who rules next knows nothing of these ejections. */
  [Symbol.dispose](): void {
    this.#sweep.cancel()
    for (const member of this.#world.members()) this.forget(member)
  }

  #endInterval(): void {
    const members = [...this.#world.members()]
    const candidates = members.filter(({ ejected, weight }) => !ejected && weight > 0)
    this.#ejectBySuccessRate(candidates)
    this.#ejectByLatency(candidates)
    for (const member of members) {
      const quiet = !member.ejected && member.failures === 0
      if (quiet && member.ejections > 0) member.ejections--
      member.successes = member.failures = member.answers = member.latencySumMs = 0
    }
  }

  #ejectBySuccessRate(candidates: readonly Member[]): void {
    const { successRateDeviations, minHosts, minRequests } = this.#config
    const compared = candidates.filter(member => member.successes + member.failures >= minRequests)
    if (successRateDeviations === 0 || compared.length < minHosts) return
    const rates = compared.map(({ successes, failures }) => successes / (successes + failures))
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
    const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length
    const least = mean - successRateDeviations * Math.sqrt(variance) - EPSILON
    compared.forEach((member, index) => void (rates[index]! < least && this.#eject(member, 'success_rate')))
  }

  #ejectByLatency(candidates: readonly Member[]): void {
    const { latencyFactor, minHosts, minRequests } = this.#config
    const compared = candidates.filter(member => !member.ejected && member.answers >= minRequests)
    if (latencyFactor === 0 || compared.length < minHosts) return
    const means = compared.map(({ latencySumMs, answers }) => latencySumMs / answers)
    const median = means.toSorted((one, other) => one - other)[means.length >> 1]!
    const most = median * latencyFactor + EPSILON
    compared.forEach((member, index) => void (means[index]! > most && this.#eject(member, 'latency')))
  }

  #eject(member: Member, cause: EjectionCause): void {
    if (!this.#mayEject()) return
    const { baseEjectionTimeMs, maxEjectionTimeMs, ejectionJitterMs } = this.#config
    member.ejections++
    const steadyMs = Math.min(maxEjectionTimeMs, baseEjectionTimeMs * member.ejections)
    const forMs = steadyMs + Math.floor(this.#world.random() * ejectionJitterMs)
    member.ejected = true
    member.ejectedUntil = this.#world.clock.timeout(forMs, () => this.#return(member))
    this.#world.ejected(member, cause, forMs)
  }

  #return(member: Member): void {
    this.forget(member)
    member.consecutiveErrors = 0
    member.consecutiveGatewayErrors = 0
    this.#world.returned(member)
  }

  /** The limit in percent, but always one. */
  #mayEject(): boolean {
    let count = 0
    let ejected = 0
    for (const member of this.#world.members()) {
      count++
      if (member.ejected) ejected++
    }
    return ejected === 0 || (ejected + 1) * 100 <= count * this.#config.maxEjectionPercent
  }
}

function reached(count: number, limit: number): boolean {
  return limit > 0 && count >= limit
}
