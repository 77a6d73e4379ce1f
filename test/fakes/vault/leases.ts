import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../src/kernel/clock/clock.ts'
import { Refusal } from './answers.ts'
import type { Token } from './tokens.ts'

export interface GrantedLease {
  readonly id: string
  readonly token: Token
  readonly grantedAtMs: number
  readonly ttl: number
  readonly maxTtl: number
  readonly renewable: boolean
  endMs: number
}

/** Leases: each hangs on a token, ends at its time, and is renewed no further than its greatest one. */
export class Leases {
  readonly #clock: Clock
  readonly #all = new Map<string, GrantedLease>()
  /** Those that ended by their time or by their token's. */
  lost = 0
  revoked = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  grant(
    path: string,
    token: Token,
    { ttl, maxTtl, renewable }: { ttl: number; maxTtl: number; renewable: boolean },
  ): GrantedLease {
    const now = this.#clock.now()
    // What a batch token is given ends with it.
    const endMs = Math.min(now + ttl * 1000, token.type === 'batch' ? token.endMs : Number.POSITIVE_INFINITY)
    const lease = {
      id: `${path}/${randomBytes(12).toString('hex')}`,
      token,
      grantedAtMs: now,
      ttl,
      maxTtl,
      renewable,
      endMs,
    }
    this.#all.set(lease.id, lease)
    return lease
  }

  get living(): readonly GrantedLease[] {
    return [...this.#all.values()].filter(({ id }) => this.find(id) !== undefined)
  }

  find(id: string): GrantedLease | undefined {
    const lease = this.#all.get(id)
    // With its token a lease ends, too.
    if (lease === undefined || Math.min(lease.endMs, lease.token.endMs) > this.#clock.now()) return lease
    this.#all.delete(id)
    this.lost++
    return undefined
  }

  renew(id: string, increment: number | undefined): GrantedLease {
    const lease = this.find(id)
    if (lease === undefined) throw new Refusal(400, ['lease not found'])
    if (!lease.renewable) throw new Refusal(400, ['lease is not renewable'])
    const mostMs = lease.maxTtl > 0 ? lease.grantedAtMs + lease.maxTtl * 1000 : Number.POSITIVE_INFINITY
    lease.endMs = Math.min(this.#clock.now() + (increment || lease.ttl) * 1000, mostMs)
    return lease
  }

  /** One that is not there is as good as revoked. */
  revoke(id: string): void {
    if (this.#all.delete(id)) this.revoked++
  }

  revokeAllOf(token: Token): void {
    for (const { id } of [...this.#all.values()].filter(lease => lease.token === token)) this.revoke(id)
  }

  secondsLeft({ endMs }: GrantedLease): number {
    return Math.max(0, Math.round((endMs - this.#clock.now()) / 1000))
  }
}
