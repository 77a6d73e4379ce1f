import { hashText, mixed } from '../hash.ts'
import type { Member } from '../member.ts'
import type { Balancer } from './balancer.ts'
import { certainly, type Foresight } from './foresight.ts'

/**
 * Points of the heaviest member. They do not depend on the number of members but in this one step, or each change of
 * the list would move points of those that stay. The ring never has fewer than 1024.
 */
const POINTS_AMONG_FEW = 1024
const POINTS_AMONG_MANY = 128
const FEW_MEMBERS = 16
const TWO_32 = 2 ** 32

/**
 * Consistent hashing on a ring (ketama): each member has points on it in proportion to its weight, and a hash belongs
 * to the next point. Places depend on the members' keys alone, so every sidecar sends a hash to the same endpoint.
 */
export class RingHash implements Balancer {
  readonly members: readonly Member[]
  readonly #points: Uint32Array
  /** Which member each point belongs to. */
  readonly #owners: Uint32Array

  constructor(members: readonly Member[]) {
    this.members = members.toSorted((one, other) => (one.key < other.key ? -1 : 1))
    const placed = this.#place()
    this.#points = Uint32Array.from(placed, at => Math.floor(at / members.length))
    this.#owners = Uint32Array.from(placed, at => at % members.length)
  }

  pick(_nowMs: number, hash: number, attempt: number): Member {
    return this.members[this.#owners[this.#find(attempt === 0 ? hash : mixed(hash + attempt))]!]!
  }

  foresee(nowMs: number, hash: number | undefined): Foresight {
    if (hash !== undefined) return certainly(this.pick(nowMs, hash, 0), this.members)
    const arcs = new Float64Array(this.members.length)
    this.#points.forEach((point, at) => {
      const before = at === 0 ? this.#points.at(-1)! - TWO_32 : this.#points[at - 1]!
      arcs[this.#owners[at]!]! += point - before
    })
    return { shares: Array.from(arcs, arc => arc / TWO_32) }
  }

  /** Point and owner in one number (their product stays below 2^53), so that one sort of numbers orders both. */
  #place(): Float64Array {
    const { members } = this
    const heaviest = Math.max(...members.map(member => member.weight))
    const few = members.length <= FEW_MEMBERS
    const most = few ? POINTS_AMONG_FEW : POINTS_AMONG_MANY
    const placed: number[] = []
    members.forEach((member, owner) => {
      const points = Math.max(1, Math.round((member.weight / heaviest) * most))
      const seed = hashText(member.key)
      for (let point = 0; point < points; point++)
        placed.push(mixed(seed + Math.imul(point, 0x9e3779b1)) * members.length + owner)
    })
    return Float64Array.from(placed).sort()
  }

  /** The first point at or after the hash; after the last comes the first. */
  #find(hash: number): number {
    let low = 0
    let high = this.#points.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#points[middle]! < hash) low = middle + 1
      else high = middle
    }
    return low === this.#points.length ? 0 : low
  }
}
