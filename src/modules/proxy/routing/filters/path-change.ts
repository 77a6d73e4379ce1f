import type { PathChange } from '../route.ts'

/**
 * The path after a rewrite or in a redirect. `prefix` is what of `path` the rule's PathPrefix matched, without a slash
 * at its end. The slashes are those of HTTPPathModifier in the Gateway API: exactly one stands between the new prefix
 * and the rest, and the path is never empty.
 */
export function changePath(path: string, prefix: string, change: PathChange): string {
  if (change.kind === 'full') return change.to
  const rest = path.slice(prefix.length)
  const to = change.to.endsWith('/') ? change.to.slice(0, -1) : change.to
  return to + rest || '/'
}
