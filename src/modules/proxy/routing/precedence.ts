import type { ValueCondition } from './conditions.ts'
import type { Entry, PathTest } from './entry.ts'

/**
 * Which of two matches comes first, as HTTPRouteRule of the Gateway API says it: exact path, longest prefix, pattern
 * (the longer one), method, more headers, more query parameters, the older route, its name, its order. The prefix `/`
 * says nothing about the path, so it stands behind the patterns: a rule for the rest does not hide them.
 */
export function byPrecedence(a: Entry, b: Entry): number {
  return (
    pathRank(a.path) - pathRank(b.path) ||
    b.path.value.length - a.path.value.length ||
    rank(b.conditions.method !== undefined) - rank(a.conditions.method !== undefined) ||
    b.conditions.headers.length - a.conditions.headers.length ||
    b.conditions.query.length - a.conditions.query.length ||
    byAge(a, b) ||
    byText(`${a.origin.namespace}/${a.origin.name}`, `${b.origin.namespace}/${b.origin.name}`) ||
    a.order[0] - b.order[0] ||
    a.order[1] - b.order[1]
  )
}

/** The same for two matches that hold for the same requests. */
export function signature({ path, conditions: { method, headers, query } }: Entry): string {
  const text = ({ name, wanted }: ValueCondition) =>
    `${name}${typeof wanted === 'string' ? '=' : '~'}${wanted}`
  return JSON.stringify([path.kind, path.value, method, headers.map(text).sort(), query.map(text).sort()])
}

function pathRank({ kind, value }: PathTest): number {
  if (kind === 'exact') return 0
  if (kind === 'pattern') return 2
  return value === '' ? 3 : 1
}

function byAge(a: Entry, b: Entry): number {
  return a.madeAt === b.madeAt ? 0 : a.madeAt < b.madeAt ? -1 : 1
}

function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

function rank(holds: boolean): number {
  return holds ? 1 : 0
}
