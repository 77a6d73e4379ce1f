import type { HttpRoute } from '../config.ts'
import { type Entry, entriesOf } from '../entry.ts'
import { pathFits } from '../path-index.ts'
import { byPrecedence } from '../precedence.ts'

const MAX_MATCHES = 500

/**
 * Istio takes the first rule that matches, the Gateway API the most specific one. The pairs of rules of a translated
 * route for which that makes a difference to some request, as far as can be told; the earlier rule first.
 */
export function reordered(route: HttpRoute): (readonly [earlier: number, later: number])[] {
  const { namespace = 'default', name } = route.metadata
  const entries = entriesOf(route, 0, { kind: 'HTTPRoute', namespace, name }).slice(0, MAX_MATCHES)
  const pairs = new Map<string, readonly [number, number]>()
  entries.forEach((later, at) => {
    for (const earlier of entries.slice(0, at)) {
      const pair = [earlier.order[0], later.order[0]] as const
      if (pair[0] !== pair[1] && byPrecedence(later, earlier) < 0 && overlap(earlier, later))
        pairs.set(pair.join(), pair)
    }
  })
  return [...pairs.values()]
}

/** Whether some request may match both. */
function overlap(a: Entry, b: Entry): boolean {
  const methods = [a.conditions.method, b.conditions.method]
  if (methods[0] !== undefined && methods[1] !== undefined && methods[0] !== methods[1]) return false
  for (const key of ['headers', 'query'] as const) {
    for (const { name, wanted } of a.conditions[key]) {
      const other = b.conditions[key].find(condition => condition.name === name)?.wanted
      if (typeof wanted === 'string' && typeof other === 'string' && wanted !== other) return false
    }
  }
  return pathsOverlap(a, b)
}

function pathsOverlap(a: Entry, b: Entry): boolean {
  if (a.path.kind === 'exact') return pathFits(b, a.path.value)
  if (b.path.kind === 'exact') return pathFits(a, b.path.value)
  const [one, other] = [beginning(a), beginning(b)]
  if (a.path.kind === 'pattern' || b.path.kind === 'pattern')
    return one.startsWith(other) || other.startsWith(one)
  return pathFits(a, b.path.value) || pathFits(b, a.path.value)
}

/** What every path that matches begins with, as far as it is plain text. */
function beginning({ path: { kind, value } }: Entry): string {
  if (kind !== 'pattern') return value
  return value.includes('|') ? '' : /^[\w/-]*(?![*+?{\w/-])/.exec(value)![0]
}
