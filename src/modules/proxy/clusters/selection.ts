import type { Balancer, BalancingWorld } from './balancing/balancer.ts'
import { type Balancing, createBalancer, goesByHash } from './balancing/create.ts'
import type { Wish } from './cluster.ts'
import { mixed } from './hash.ts'
import type { Member } from './member.ts'
import { sessionKey } from './session-key.ts'

export interface SelectionRules extends BalancingWorld {
  readonly balancing: Balancing
  readonly preferZone: string | undefined
  /** Percent. */
  readonly panicThreshold: number
}

/** Where the next call would go. */
export interface Forecast {
  /** The chance of each member that may be used. */
  readonly shares: ReadonlyMap<Member, number>
  /** Where it goes for certain. */
  readonly next?: Member
}

/** A zone with 5 of 7 endpoints healthy still takes all of its own traffic, as it has some room. */
const OVERPROVISIONING = 1.4
const PICKS_BEFORE_SEARCH = 3
const TWO_32 = 2 ** 32

/** Which members may be used now, and one of them for each call. Made anew, all at once, when health or membership changes. */
export class Selection {
  /** Too few members are usable, so health is not looked at. */
  readonly panicking: boolean
  readonly usableCount: number
  /** How many could be used, were all healthy. */
  readonly listedCount: number
  readonly #random: () => number
  readonly #byHash: boolean
  readonly #near: Balancer | undefined
  readonly #far: Balancer | undefined
  /** Share of the calls that stay near. */
  readonly #nearShare: number
  readonly #candidates: readonly Member[]
  #sessions: ReadonlyMap<string, Member> | undefined

  constructor(members: Iterable<Member>, usable: (member: Member) => boolean, rules: SelectionRules) {
    const listed = [...members].filter(member => member.weight > 0)
    const healthy = listed.filter(usable)
    this.listedCount = listed.length
    this.usableCount = healthy.length
    this.panicking = healthy.length * 100 < listed.length * rules.panicThreshold
    this.#random = rules.random
    this.#byHash = goesByHash(rules.balancing)
    const candidates = this.panicking ? listed : healthy
    this.#candidates = candidates
    const { preferZone } = rules
    const inZone = preferZone === undefined ? [] : candidates.filter(({ zone }) => zone === preferZone)
    const elsewhere = inZone.length === 0 ? [] : candidates.filter(({ zone }) => zone !== preferZone)
    const whole = weightOf(listed.filter(({ zone }) => zone === preferZone))
    this.#nearShare = elsewhere.length === 0 ? 1 : Math.min(1, (OVERPROVISIONING * weightOf(inZone)) / whole)
    this.#near = balancerOf(elsewhere.length === 0 ? candidates : inZone, rules)
    this.#far = balancerOf(elsewhere, rules)
  }

  /** Undefined when no member may be used. Allocates nothing. */
  pick(wish: Wish, nowMs: number): Member | undefined {
    if (this.#near === undefined) return undefined
    if (wish.session !== undefined) {
      const known = this.#ofSession(wish.session)
      if (known !== undefined && !wish.avoid?.has(known)) return known
    }
    const hash = this.#byHash ? (wish.hash ?? this.#random() * TWO_32) >>> 0 : 0
    const { avoid } = wish
    const near = this.#staysNear(hash)
    const balancer = near ? this.#near : this.#far!
    const member = balancer.pick(nowMs, hash, 0)
    if (avoid === undefined || avoid.size === 0 || !avoid.has(member)) return member
    for (let attempt = 1; attempt <= PICKS_BEFORE_SEARCH; attempt++) {
      const other = balancer.pick(nowMs, hash, attempt)
      if (!avoid.has(other)) return other
    }
    const rest = near ? this.#far : this.#near
    return this.#search(balancer, avoid) ?? (rest && this.#search(rest, avoid)) ?? member
  }

  /** Where `pick` would go now when nothing was tried before. Changes nothing. */
  foresee(wish: Pick<Wish, 'hash' | 'session'>, nowMs: number): Forecast {
    const shares = new Map<Member, number>()
    if (this.#near === undefined) return { shares }
    const known = wish.session === undefined ? undefined : this.#ofSession(wish.session)
    if (known !== undefined) return { shares: shares.set(known, 1), next: known }
    const hash = this.#byHash && wish.hash !== undefined ? wish.hash >>> 0 : undefined
    const nearShare = hash === undefined ? this.#nearShare : Number(this.#staysNear(hash))
    let next: Member | undefined
    for (const [balancer, part] of [
      [this.#near, nearShare],
      [this.#far, 1 - nearShare],
    ] as const) {
      if (balancer === undefined || part === 0) continue
      const foresight = balancer.foresee(nowMs, hash)
      balancer.members.forEach((member, at) => void shares.set(member, foresight.shares[at]! * part))
      if (part === 1) next = foresight.next
    }
    return { shares, ...(next && { next }) }
  }

  /** The index is made with the first session, and goes with this selection. */
  #ofSession(key: string): Member | undefined {
    this.#sessions ??= new Map(this.#candidates.map(member => [sessionKey(member.key), member]))
    return this.#sessions.get(key)
  }

  #staysNear(hash: number): boolean {
    if (this.#nearShare >= 1) return true
    // The same hash is always on the same side.
    return (this.#byHash ? mixed(~hash) / TWO_32 : this.#random()) < this.#nearShare
  }

  #search({ members }: Balancer, avoid: NonNullable<Wish['avoid']>): Member | undefined {
    const start = Math.floor(this.#random() * members.length)
    for (let step = 0; step < members.length; step++) {
      const member = members[(start + step) % members.length]!
      if (!avoid.has(member)) return member
    }
    return undefined
  }
}

function balancerOf(members: readonly Member[], rules: SelectionRules): Balancer | undefined {
  return members.length === 0 ? undefined : createBalancer(rules.balancing, members, rules)
}

function weightOf(members: readonly Member[]): number {
  return members.reduce((sum, member) => sum + member.weight, 0)
}
