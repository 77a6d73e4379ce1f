import type { Problem } from '../../../kernel/config/problem.ts'
import {
  type Conditions,
  compileValues,
  NO_CONDITIONS,
  type ValueCondition,
  wholePattern,
} from './conditions.ts'
import type { GrpcMatch, GrpcRoute, HttpMatch, HttpRoute } from './config.ts'
import type { Match } from './route.ts'
import { compileRule, type Origin } from './rule.ts'

/** One match of one rule: what the table looks through. */
export interface Entry {
  readonly match: Match
  readonly path: PathTest
  readonly conditions: Conditions
  readonly isUnconditional: boolean
  readonly origin: Origin
  /** When the document was made, in ms; infinitely late when it does not say. */
  readonly madeAt: number
  /** In the document: the number of the rule, then of the match. */
  readonly order: readonly [rule: number, match: number]
  /** Where it stands, from the list of documents on. */
  readonly place: Problem['path']
}

export type PathTest =
  | { readonly kind: 'exact'; readonly value: string }
  /** Without a slash at its end: the root is empty. */
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'pattern'; readonly value: string; readonly regex: RegExp }

/** All matches of a route for HTTP or gRPC, in the order of the document. `index` is its place in the list. */
export function entriesOf(route: HttpRoute | GrpcRoute, index: number, origin: Origin): Entry[] {
  const madeAt = Date.parse(String(route.metadata.creationTimestamp ?? ''))
  const shared = { origin, madeAt: Number.isNaN(madeAt) ? Number.POSITIVE_INFINITY : madeAt }
  return route.spec.rules.flatMap((each, at) => {
    const rule = compileRule(each, at, origin)
    const tests = each.matches.length === 0 ? [ANYTHING] : each.matches.map(testOf)
    return tests.map(({ path, conditions }, number) => ({
      ...shared,
      match: { rule, prefix: path.kind === 'prefix' ? path.value : '' },
      path,
      conditions,
      isUnconditional: conditions === NO_CONDITIONS,
      order: [at, number] as const,
      place: [index, 'spec', 'rules', at, ...(each.matches.length === 0 ? [] : ['matches', number])],
    }))
  })
}

interface Test {
  readonly path: PathTest
  readonly conditions: Conditions
}

const ANYTHING: Test = { path: { kind: 'prefix', value: '' }, conditions: NO_CONDITIONS }

function testOf(match: HttpMatch | GrpcMatch): Test {
  const headers = compileValues(match.headers, name => name.toLowerCase())
  if (!('path' in match))
    return { path: grpcPath(match.method), conditions: conditions(undefined, headers, []) }
  const query = compileValues(match.queryParams, name => name)
  return { path: httpPath(match.path), conditions: conditions(match.method, headers, query) }
}

function conditions(
  method: string | undefined,
  headers: readonly ValueCondition[],
  query: readonly ValueCondition[],
): Conditions {
  const none = method === undefined && headers.length === 0 && query.length === 0
  return none ? NO_CONDITIONS : { method, headers, query }
}

function httpPath({ type, value }: HttpMatch['path']): PathTest {
  if (type === 'Exact') return { kind: 'exact', value }
  if (type === 'PathPrefix') return { kind: 'prefix', value: value.replace(/\/+$/, '') }
  return { kind: 'pattern', value, regex: wholePattern(value) }
}

/** A gRPC method is the path `/service/method`. */
function grpcPath({ type, service, method }: GrpcMatch['method']): PathTest {
  if (service === undefined && method === undefined) return ANYTHING.path
  if (type === 'Exact' && service !== undefined)
    return method === undefined
      ? { kind: 'prefix', value: `/${service}` }
      : { kind: 'exact', value: `/${service}/${method}` }
  const exact = (name: string | undefined) => name?.replaceAll('.', '\\.')
  const part = type === 'Exact' ? exact : (pattern: string | undefined) => pattern && `(?:${pattern})`
  const value = `/${part(service) ?? '[^/]+'}/${part(method) ?? '[^/]+'}`
  return { kind: 'pattern', value, regex: wholePattern(value) }
}
