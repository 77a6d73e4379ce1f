import type { Member } from '../member.ts'
import { type Balancer, type BalancingWorld, ramp, rampNow } from './balancer.ts'
import { type Foresight, inProportion } from './foresight.ts'

/**
 * Smooth weighted round robin as earliest deadline first: whoever is picked comes again after 1/weight. Heavy members
 * are spread between the others, and a pick costs the logarithm of their number.
 */
export class RoundRobin implements Balancer {
  readonly members: readonly Member[]
  readonly #slowStartMs: number
  readonly #deadlines: Float64Array
  /** A binary heap of indices by deadline; equal deadlines keep the order of the members. */
  readonly #heap: Int32Array

  constructor(members: readonly Member[], { random, slowStartMs }: BalancingWorld) {
    // Each sidecar begins elsewhere, or the first endpoint would get everybody's first request.
    this.members = rotated(members, Math.floor(random() * members.length))
    this.#slowStartMs = slowStartMs
    this.#deadlines = Float64Array.from(this.members, member => 0.5 / member.weight)
    this.#heap = Int32Array.from(this.members, (_, index) => index)
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at)
  }

  pick(nowMs: number): Member {
    const index = this.#heap[0]!
    const member = this.members[index]!
    this.#deadlines[index] =
      this.#deadlines[index]! + 1 / (member.weight * ramp(member, nowMs, this.#slowStartMs))
    this.#sink(0)
    return member
  }

  /** The shares are those of many calls: whose turn it is next is known. */
  foresee(nowMs: number): Foresight {
    const weights = this.members.map(member => member.weight * rampNow(member, nowMs, this.#slowStartMs))
    return { shares: inProportion(weights), next: this.members[this.#heap[0]!]! }
  }

  #sink(from: number): void {
    const heap = this.#heap
    const index = heap[from]!
    let at = from
    for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && this.#before(heap[child + 1]!, heap[child]!)) child++
      if (!this.#before(heap[child]!, index)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = index
  }

  #before(one: number, other: number): boolean {
    const difference = this.#deadlines[one]! - this.#deadlines[other]!
    return difference < 0 || (difference === 0 && one < other)
  }
}

function rotated(members: readonly Member[], by: number): Member[] {
  return [...members.slice(by), ...members.slice(0, by)]
}
