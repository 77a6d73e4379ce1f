import type { Member } from '../member.ts'

/** Where the next call would go, told without what a pick changes. */
export interface Foresight {
  /** The chance of each member, in the balancer's order; together 1. */
  readonly shares: readonly number[]
  /** Where the next call goes for certain. */
  readonly next?: Member
}

/** There is no choice. */
export function certainly(member: Member, members: readonly Member[]): Foresight {
  return { shares: members.map(other => (other === member ? 1 : 0)), next: member }
}

/** By their weights, or whatever stands for them. */
export function inProportion(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map(weight => weight / total)
}

/**
 * Of two different members, drawn with these chances, the one with less load; of equals the first. Exact for equal
 * chances, and near enough where a second draw of the same member is repeated only some times.
 */
export function lighterOfTwo(chances: readonly number[], loads: readonly number[]): number[] {
  if (chances.length === 1) return [1]
  const order = chances.map((_, index) => index).sort((one, other) => loads[other]! - loads[one]!)
  const shares = chances.map(() => 0)
  /** Of the members with more load than those at hand: their chances, and how likely each is drawn before another one. */
  let heavier = 0
  let heavierFirst = 0
  for (let from = 0; from < order.length; ) {
    let to = from
    while (to < order.length && loads[order[to]!] === loads[order[from]!]) to++
    const equals = order.slice(from, to)
    const atLeast = heavier + equals.reduce((sum, index) => sum + chances[index]!, 0)
    for (const index of equals) {
      const chance = chances[index]!
      const asFirst = chance >= 1 ? 1 : (chance * (atLeast - chance)) / (1 - chance)
      shares[index] = asFirst + chance * heavierFirst
    }
    for (const index of equals) {
      const chance = chances[index]!
      heavier += chance
      heavierFirst += chance >= 1 ? 0 : chance / (1 - chance)
    }
    from = to
  }
  return inProportion(shares)
}
