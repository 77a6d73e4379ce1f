import type { Grant, TokenGrants } from '../../../authority/grant.ts'

const MAX_KNOWN = 50_000

/**
 * Answers for a token that was asked about a moment ago: a sidecar opens many feeds with one. Only a digest is kept,
 * and only of good tokens; a token that is taken back is good for `holdMs` at most.
 */
export function knownTokens(
  grants: TokenGrants,
  { clock, holdMs }: { readonly clock: { monotonic(): number }; readonly holdMs: number },
): TokenGrants {
  const { createHash } = process.getBuiltinModule('node:crypto')
  const known = new Map<string, { readonly grant: Grant; readonly untilMs: number }>()
  const asking = new Map<string, Promise<Grant | undefined>>()
  return {
    async grantOf(token) {
      const key = createHash('sha256').update(token).digest('base64')
      const found = known.get(key)
      if (found !== undefined && found.untilMs > clock.monotonic()) return found.grant
      known.delete(key)
      const asked =
        asking.get(key) ??
        grants.grantOf(token).finally(() => {
          asking.delete(key)
        })
      asking.set(key, asked)
      const grant = await asked
      if (grant !== undefined) {
        if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value!)
        known.set(key, { grant, untilMs: clock.monotonic() + holdMs })
      }
      return grant
    },
  }
}
