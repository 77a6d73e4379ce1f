import { spawnSync } from 'node:child_process'
import { workloadId } from '../wire/spiffe/identity.ts'
import { type Authority, openAuthority } from './authority.ts'
import { type IssuedPair, issueWithKey } from './own-certificate.ts'
import { createAuthority, type NewAuthority } from './root.ts'

/** For tests: a whole authority in memory. */
export interface TestAuthority {
  readonly authority: Authority
  readonly made: NewAuthority
  /** A pair for `spiffe://TRUST/ns/shop/sa/ACCOUNT`, good for localhost too. */
  pair(account: string, options?: { names?: readonly string[]; lifetimeMs?: number }): Promise<IssuedPair>
}

export async function testAuthority(
  trustDomain = 'example.org',
  clock: { now(): number } = Date,
  intermediate = false,
): Promise<TestAuthority> {
  const made = await createAuthority({ trustDomain, nowMs: clock.now(), intermediate })
  const signer = made.intermediate ?? made.root
  const authority = await openAuthority({ clock, rootCertificate: made.root.certificate, signer })
  return {
    authority,
    made,
    pair: (account, { names = ['localhost', '127.0.0.1'], lifetimeMs = 3600_000 } = {}) =>
      issueWithKey(authority, workloadId(trustDomain, 'shop', account), names, lifetimeMs),
  }
}

export const hasOpenssl = (): boolean => spawnSync('openssl', ['version']).status === 0
