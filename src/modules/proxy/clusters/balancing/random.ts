import type { Member } from '../member.ts'
import type { Balancer, BalancingWorld } from './balancer.ts'
import { certainly, type Foresight } from './foresight.ts'
import { WeightedSampler } from './weighted-sampler.ts'

/** Any member, in proportion to the weights. */
export class RandomChoice implements Balancer {
  readonly members: readonly Member[]
  readonly #sampler: WeightedSampler

  constructor(members: readonly Member[], world: BalancingWorld) {
    this.members = members
    this.#sampler = new WeightedSampler(members, world)
  }

  pick(nowMs: number): Member {
    return this.members[this.#sampler.draw(nowMs)]!
  }

  foresee(nowMs: number): Foresight {
    const [only, second] = this.members
    return second === undefined ? certainly(only!, this.members) : { shares: this.#sampler.foresee(nowMs) }
  }
}
