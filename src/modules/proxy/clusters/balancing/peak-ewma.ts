import type { CallResult } from '../cluster.ts'
import { isGatewayStatus } from '../failure-kind.ts'
import type { Member } from '../member.ts'
import type { Balancer, BalancingWorld } from './balancer.ts'
import { certainly, type Foresight, lighterOfTwo } from './foresight.ts'
import { WeightedSampler } from './weighted-sampler.ts'

/** After this time without news an estimate weighs 1/e. */
const DECAY_MS = 10_000
/** A failure counts as an answer this slow: an endpoint that fails fast must not look like the fastest of all. */
const FAILURE_PENALTY_MS = 5_000

/**
 * Of two members drawn by weight the one whose estimated latency, times the calls under way, is lower. The estimate
 * jumps to every peak at once and forgets it slowly (an exponentially weighted moving average, as in Finagle).
 */
export class PeakEwma implements Balancer {
  readonly members: readonly Member[]
  readonly #sampler: WeightedSampler
  readonly #meanWeight: number

  constructor(members: readonly Member[], world: BalancingWorld) {
    this.members = members
    this.#sampler = new WeightedSampler(members, world)
    this.#meanWeight = members.reduce((sum, member) => sum + member.weight, 0) / members.length
  }

  pick(nowMs: number): Member {
    const first = this.#sampler.draw(nowMs)
    const one = this.members[first]!
    if (this.members.length === 1) return one
    const two = this.members[this.#sampler.draw(nowMs, first)]!
    return this.#load(two, nowMs) < this.#load(one, nowMs) ? two : one
  }

  foresee(nowMs: number): Foresight {
    const [only, second] = this.members
    if (second === undefined) return certainly(only!, this.members)
    const loads = this.members.map(member => this.#load(member, nowMs))
    return { shares: lighterOfTwo(this.#sampler.foresee(nowMs), loads) }
  }

  #load(member: Member, nowMs: number): number {
    return decayed(member, nowMs) * (1 + (member.active * this.#meanWeight) / member.weight)
  }
}

/** The estimate now: it falls while there is no news, so that a member that was slow once is tried again. */
function decayed(member: Member, nowMs: number): number {
  const elapsedMs = nowMs - member.costAtMs
  return elapsedMs <= 0 ? member.costMs : member.costMs * Math.exp(-elapsedMs / DECAY_MS)
}

/** Lets the end of a call move the member's estimate. Done for every way of balancing, so that a change of it starts with knowledge. */
export function observeLatency(member: Member, result: CallResult, nowMs: number): void {
  const { outcome, status } = result
  const failed = (outcome !== 'answered' && outcome !== 'cancelled') || isGatewayStatus(status)
  const latencyMs = failed ? Math.max(result.latencyMs, FAILURE_PENALTY_MS) : result.latencyMs
  // Who gave up tells only that it would have taken longer.
  if (outcome === 'cancelled' && latencyMs <= decayed(member, nowMs)) return
  const elapsedMs = Math.max(0, nowMs - member.costAtMs)
  const kept = Math.exp(-elapsedMs / DECAY_MS)
  member.costMs = latencyMs > member.costMs ? latencyMs : member.costMs * kept + latencyMs * (1 - kept)
  member.costAtMs = nowMs
}
