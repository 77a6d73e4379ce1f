import { textIn } from '../../../backends/vault/answers.ts'
import type { LosslessJson } from '../../../wire/json/lossless.ts'
import type { CacheEntry } from './lease-cache.ts'

/**
 * What a request that Vault has carried out has ended: the entries that are to be forgotten. Undefined when it was no
 * revocation (HTTP API, `sys/leases` and `auth/token`).
 */
export function fitsRevocation(
  method: string,
  path: string,
  body: ReadonlyMap<string, LosslessJson> | undefined,
  token: string | undefined,
): ((entry: CacheEntry) => boolean) | undefined {
  if (method !== 'PUT' && method !== 'POST') return undefined
  const [, what, rest = ''] =
    /^\/v1\/(sys\/leases\/revoke(?:-prefix|-force)?|sys\/revoke(?:-prefix|-force)?|auth\/token\/revoke(?:-self|-orphan|-accessor)?)(?:\/(.*))?$/.exec(
      path,
    ) ?? []
  switch (what?.replace('sys/revoke', 'sys/leases/revoke')) {
    case 'sys/leases/revoke': {
      const id = textIn(body, 'lease_id') ?? decoded(rest)
      return ({ grant }) => grant.kind === 'lease' && grant.id === id
    }
    case 'sys/leases/revoke-prefix':
    case 'sys/leases/revoke-force':
      return ({ grant }) => grant.kind === 'lease' && grant.id.startsWith(decoded(rest))
    case 'auth/token/revoke-self':
      return endsWith(token)
    case 'auth/token/revoke':
    case 'auth/token/revoke-orphan':
      return endsWith(textIn(body, 'token') ?? decoded(rest))
    case 'auth/token/revoke-accessor': {
      const accessor = textIn(body, 'accessor') ?? decoded(rest)
      return ({ grant }) => grant.kind === 'token' && grant.accessor === accessor
    }
    default:
      return undefined
  }
}

function endsWith(gone: string | undefined): (entry: CacheEntry) => boolean {
  return ({ grant, token }) =>
    (token !== undefined && token === gone) || (grant.kind === 'token' && grant.id === gone)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
