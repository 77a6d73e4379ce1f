import { hashText, mixed } from '../hash.ts'
import type { Member } from '../member.ts'
import type { Balancer } from './balancer.ts'
import { certainly, type Foresight } from './foresight.ts'

/** A prime, as the method needs. */
export const TABLE_SIZE = 65_537

/**
 * Consistent hashing by a table that the members fill in turns, each in an order of its own ("Maglev: A Fast and
 * Reliable Software Network Load Balancer", section 3.4). More even than a ring and one look per pick; a change moves
 * a few more hashes.
 */
export class Maglev implements Balancer {
  readonly members: readonly Member[]
  readonly #table: Uint32Array

  constructor(members: readonly Member[]) {
    this.members = members.toSorted((one, other) => (one.key < other.key ? -1 : 1))
    this.#table = filled(this.members)
  }

  pick(_nowMs: number, hash: number, attempt: number): Member {
    return this.members[this.#table[mixed(hash + attempt) % TABLE_SIZE]!]!
  }

  foresee(nowMs: number, hash: number | undefined): Foresight {
    if (hash !== undefined) return certainly(this.pick(nowMs, hash, 0), this.members)
    const places = new Float64Array(this.members.length)
    for (const owner of this.#table) places[owner]! += 1
    return { shares: Array.from(places, count => count / TABLE_SIZE) }
  }
}

const FREE = 0xffffffff

function filled(members: readonly Member[]): Uint32Array {
  const table = new Uint32Array(TABLE_SIZE).fill(FREE)
  const places = Uint32Array.from(members, member => hashText(member.key) % TABLE_SIZE)
  const skips = Uint32Array.from(members, member => (hashText(member.key, 1) % (TABLE_SIZE - 1)) + 1)
  const heaviest = Math.max(...members.map(member => member.weight))
  // Who is lighter than the heaviest sits out some rounds.
  const credit = new Float64Array(members.length)
  for (let taken = 0; ; ) {
    for (let index = 0; index < members.length; index++) {
      credit[index] = credit[index]! + members[index]!.weight / heaviest
      if (credit[index]! < 1) continue
      credit[index] = credit[index]! - 1
      let place = places[index]!
      while (table[place] !== FREE) place = (place + skips[index]!) % TABLE_SIZE
      table[place] = index
      places[index] = (place + skips[index]!) % TABLE_SIZE
      if (++taken === TABLE_SIZE) return table
    }
  }
}
