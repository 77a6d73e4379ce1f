import type { SpiffeId } from '../wire/spiffe/identity.ts'
import { workloadId } from '../wire/spiffe/identity.ts'

/** What the bearer of a token may have. */
export interface Grant {
  readonly identity: SpiffeId
  readonly dnsNames: readonly string[]
}

/** Who knows what a token grants: a file here; in a cluster, its API server. */
export interface TokenGrants {
  /** undefined for a token that grants nothing. Rejects when that cannot be known now. */
  grantOf(token: string): Promise<Grant | undefined>
}

const MIN_TOKEN_LENGTH = 16

/**
 * A text with one token a line: `TOKEN NAMESPACE/SERVICE-ACCOUNT [DNS-NAME ...]`; empty lines and lines that begin
 * with # are left out. Throws TypeError that names the line, never the token.
 */
export function parseTokenFile(text: string, trustDomain: string): TokenGrants {
  const { createHash, timingSafeEqual } = process.getBuiltinModule('node:crypto')
  const digest = (token: string): Buffer => createHash('sha256').update(token).digest()
  const entries: { readonly digest: Buffer; readonly grant: Grant }[] = []
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const { token, grant } = parseLine(line, at + 1, trustDomain)
    const own = digest(token)
    if (entries.some(entry => entry.digest.equals(own)))
      throw new TypeError(`line ${at + 1}: the token stands in an earlier line already`)
    entries.push({ digest: own, grant })
  }
  if (entries.length === 0) throw new TypeError('it holds no token')
  return {
    async grantOf(token) {
      const asked = digest(token)
      let found: Grant | undefined
      // All are compared, each in constant time: how long it takes tells nothing.
      for (const entry of entries) if (timingSafeEqual(entry.digest, asked)) found = entry.grant
      return found
    },
  }
}

function parseLine(line: string, number: number, trustDomain: string): { token: string; grant: Grant } {
  const [token = '', workload = '', ...dnsNames] = line.trim().split(/\s+/)
  if (token.length < MIN_TOKEN_LENGTH)
    throw new TypeError(`line ${number}: a token must have at least ${MIN_TOKEN_LENGTH} characters`)
  const [namespace = '', account = '', ...others] = workload.split('/')
  if (account === '' || others.length > 0)
    throw new TypeError(`line ${number}: expected NAMESPACE/SERVICE-ACCOUNT behind the token`)
  try {
    return { token, grant: { identity: workloadId(trustDomain, namespace, account), dnsNames } }
  } catch (error) {
    throw new TypeError(`line ${number}: ${(error as Error).message}`)
  }
}
