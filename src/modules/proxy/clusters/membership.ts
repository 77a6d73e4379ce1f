import type { Clock } from '../../../kernel/clock/clock.ts'
import { type EndpointSpec, keyOf, Member } from './member.ts'

export interface MembershipEvents {
  added(member: Member): void
  removed(member: Member): void
  /** Somebody else is to be met there than before. */
  reidentified(member: Member): void
}

/** The list of members. An endpoint that stays on the list stays the same object, with its load, latency and ejections. */
export class Membership {
  readonly #members = new Map<string, Member>()
  readonly #clock: Clock
  readonly #events: MembershipEvents
  #filled = false

  constructor(clock: Clock, events: MembershipEvents) {
    this.#clock = clock
    this.#events = events
  }

  get size(): number {
    return this.#members.size
  }

  [Symbol.iterator](): IterableIterator<Member> {
    return this.#members.values()
  }

  /** Takes a whole new list over. Who is on the very first list has no slow start: nobody is warmer. */
  replace(specs: readonly EndpointSpec[], slowStartMs: number): void {
    const wanted = new Map(specs.map(spec => [keyOf(spec), spec]))
    for (const [key, member] of this.#members) {
      if (wanted.has(key)) continue
      this.#members.delete(key)
      member.listed = false
      this.#events.removed(member)
    }
    for (const [key, spec] of wanted) {
      const known = this.#members.get(key)
      if (known !== undefined) {
        known.weight = spec.weight
        if (spec.zone === undefined) delete known.zone
        else known.zone = spec.zone
        if (known.identity !== spec.identity) {
          if (spec.identity === undefined) delete known.identity
          else known.identity = spec.identity
          this.#events.reidentified(known)
        }
        continue
      }
      const member = new Member(spec, this.#clock.monotonic(), this.#filled && slowStartMs > 0)
      this.#members.set(key, member)
      this.#events.added(member)
    }
    this.#filled = true
  }
}
