import type { Member } from '../member.ts'
import { type BalancingWorld, ramp, rampNow } from './balancer.ts'
import { inProportion } from './foresight.ts'

/** How often a warming member may be refused for another one. */
const MAX_REFUSALS = 4

/** Draws members in proportion to their weights in constant time (Walker's alias method as Vose builds it). */
export class WeightedSampler {
  readonly #members: readonly Member[]
  readonly #random: () => number
  readonly #slowStartMs: number
  /** Chance of the slot's own member, otherwise its alias; undefined when all weights are equal. */
  readonly #chances: Float64Array | undefined
  readonly #aliases: Int32Array | undefined

  constructor(members: readonly Member[], { random, slowStartMs }: BalancingWorld) {
    this.#members = members
    this.#random = random
    this.#slowStartMs = slowStartMs
    if (members.every(member => member.weight === members[0]!.weight)) return
    const count = members.length
    const total = members.reduce((sum, member) => sum + member.weight, 0)
    const chances = Float64Array.from(members, member => (member.weight * count) / total)
    const aliases = Int32Array.from(members, (_, index) => index)
    const poor: number[] = []
    const rich: number[] = []
    chances.forEach((chance, index) => void (chance < 1 ? poor : rich).push(index))
    while (poor.length > 0 && rich.length > 0) {
      const from = poor.pop()!
      const to = rich.at(-1)!
      aliases[from] = to
      chances[to] = chances[to]! - (1 - chances[from]!)
      if (chances[to] < 1) poor.push(rich.pop()!)
    }
    // What rounding left over is 1.
    for (const index of [...poor, ...rich]) chances[index] = 1
    this.#chances = chances
    this.#aliases = aliases
  }

  /** The index of a member; with `other` (an index) a different one, when there is one. */
  draw(nowMs: number, other = -1): number {
    let index = this.#drawAny(other)
    for (let refusals = 0; refusals < MAX_REFUSALS; refusals++) {
      const member = this.#members[index]!
      if (!member.warming || this.#random() < ramp(member, nowMs, this.#slowStartMs)) break
      index = this.#drawAny(other)
    }
    return index
  }

  /** The chance of each member to be drawn first. */
  foresee(nowMs: number): number[] {
    const chances = inProportion(this.#members.map(({ weight }) => weight))
    const accepted = this.#members.map(member => rampNow(member, nowMs, this.#slowStartMs))
    const refused = chances.reduce((sum, chance, index) => sum + chance * (1 - accepted[index]!), 0)
    if (refused === 0) return chances
    // Each draw but the last one may be refused.
    const last = refused ** MAX_REFUSALS
    const draws = refused === 1 ? MAX_REFUSALS : (1 - last) / (1 - refused)
    return chances.map((chance, index) => chance * (accepted[index]! * draws + last))
  }

  #drawAny(other: number): number {
    const count = this.#members.length
    if (count === 1) return 0
    if (this.#chances === undefined) {
      if (other < 0) return Math.floor(this.#random() * count)
      const index = Math.floor(this.#random() * (count - 1))
      return index < other ? index : index + 1
    }
    let index = this.#drawWeighted()
    for (let tries = 0; index === other && tries < 3; tries++) index = this.#drawWeighted()
    return index === other ? (index + 1) % count : index
  }

  #drawWeighted(): number {
    const at = this.#random() * this.#members.length
    const slot = Math.floor(at)
    return at - slot < this.#chances![slot]! ? slot : this.#aliases![slot]!
  }
}
