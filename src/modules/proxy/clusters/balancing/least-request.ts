import type { Member } from '../member.ts'
import type { Balancer, BalancingWorld } from './balancer.ts'
import { certainly, type Foresight, lighterOfTwo } from './foresight.ts'
import { WeightedSampler } from './weighted-sampler.ts'

/**
 * Of two members drawn by weight the one with fewer calls under way for its weight (power of two choices): nearly as
 * even as looking at all of them, and two sidecars do not run to the same one.
 */
export class LeastRequest implements Balancer {
  readonly members: readonly Member[]
  readonly #sampler: WeightedSampler

  constructor(members: readonly Member[], world: BalancingWorld) {
    this.members = members
    this.#sampler = new WeightedSampler(members, world)
  }

  pick(nowMs: number): Member {
    const first = this.#sampler.draw(nowMs)
    const one = this.members[first]!
    if (this.members.length === 1) return one
    const two = this.members[this.#sampler.draw(nowMs, first)]!
    // The first one wins a tie: without load the shares are those of the weights.
    return two.active * one.weight < one.active * two.weight ? two : one
  }

  foresee(nowMs: number): Foresight {
    const [only, second] = this.members
    if (second === undefined) return certainly(only!, this.members)
    const loads = this.members.map(({ active, weight }) => active / weight)
    return { shares: lighterOfTwo(this.#sampler.foresee(nowMs), loads) }
  }
}
