import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RequestView } from '../request.ts'
import type { HttpMatch, HttpRoute, ValueMatch } from './config.ts'
import { requestOf, routeOf, ruleTo } from './routes-fake.ts'
import { buildRouteTable } from './table.ts'

// A reference that shares no code with the table: every match is tried, the rule of the best one is taken.

interface Candidate {
  readonly match: HttpMatch
  readonly route: HttpRoute
  readonly rule: number
}

function reference(routes: readonly HttpRoute[], request: RequestView): string | undefined {
  const candidates = routes.flatMap(route =>
    route.spec.rules.flatMap((rule, number) =>
      rule.matches.filter(match => matches(match, request)).map(match => ({ match, route, rule: number })),
    ),
  )
  const [best] = candidates.sort((a, b) => compare(keys(a), keys(b)))
  return best && `HTTPRoute/shop/${best.route.metadata.name}/${best.rule}`
}

function matches({ path, method, headers, queryParams }: HttpMatch, request: RequestView): boolean {
  const query = new URLSearchParams(request.search)
  const fits = (wanted: ValueMatch, value: string | null | undefined) =>
    wanted.type === 'Exact'
      ? value === wanted.value
      : value != null && new RegExp(`^(${wanted.value})$`).test(value)
  return (
    pathMatches(path, request.path) &&
    (method === undefined || method === request.method) &&
    headers.every(each => fits(each, request.headers.combined(each.name))) &&
    queryParams.every(each => fits(each, query.get(each.name)))
  )
}

function pathMatches({ type, value }: HttpMatch['path'], path: string): boolean {
  if (type === 'Exact') return path === value
  if (type === 'RegularExpression') return new RegExp(`^(${value})$`).test(path)
  const wanted = value.split('/').slice(1, value.endsWith('/') ? -1 : undefined)
  const parts = path.split('/').slice(1)
  return wanted.every((part, i) => part === parts[i])
}

function keys({ match, route, rule }: Candidate): (number | string)[] {
  const { type, value } = match.path
  const length = type === 'PathPrefix' ? value.replace(/\/$/, '').length : value.length
  const kind = { Exact: 0, PathPrefix: length === 0 ? 3 : 1, RegularExpression: 2 }[type]
  const made = Date.parse(String(route.metadata.creationTimestamp))
  const { headers, queryParams, method } = match
  const conditions = [method === undefined ? 1 : 0, -headers.length, -queryParams.length]
  return [kind, -length, ...conditions, made, route.metadata.name, rule]
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const at = a.findIndex((key, i) => key !== b[i])
  return at === -1 ? 0 : a[at]! < b[at]! ? -1 : 1
}

const part = fc.constantFrom('a', 'b', 'ab', 'c')
const pathText = fc.array(part, { maxLength: 4 }).map(parts => `/${parts.join('/')}`)
const slashed = fc
  .tuple(pathText, fc.boolean())
  .map(([path, slash]) => (slash && path !== '/' ? `${path}/` : path))
const path = fc.oneof(
  fc.record({ type: fc.constant('Exact'), value: slashed }),
  fc.record({ type: fc.constant('PathPrefix'), value: slashed }),
  fc.record({
    type: fc.constant('RegularExpression'),
    value: fc.constantFrom('/a.*', '/(a|b)/c?', '/ab/[abc]+'),
  }),
)
const values = (names: readonly string[]) =>
  fc.uniqueArray(
    fc.oneof(
      fc.record({ name: fc.constantFrom(...names), value: fc.constantFrom('1', '2') }),
      fc.record({
        name: fc.constantFrom(...names),
        type: fc.constant('RegularExpression'),
        value: fc.constantFrom('[12]', '2|3'),
      }),
    ),
    { maxLength: 2, selector: ({ name }) => name },
  )
const match = fc.record(
  {
    path,
    method: fc.constantFrom('GET', 'POST'),
    headers: values(['x-a', 'x-b']),
    queryParams: values(['p', 'q']),
  },
  { requiredKeys: ['path'] },
)
const rules = fc
  .array(fc.array(match, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 })
  .map(all => all.map(matches => ruleTo('v', { matches })))
const made = fc.constantFrom('2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z')
const documents = fc
  .array(fc.tuple(rules, made), { minLength: 1, maxLength: 4 })
  .map(all => all.map(([rules, made], i) => routeOf({ name: `r${i}`, made, rules }) as HttpRoute))

const request = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    path: slashed,
    query: fc.constantFrom('', '?p=1', '?q=2&p=2', '?q=3'),
    headers: fc.constantFrom({}, { 'X-A': '1' }, { 'x-a': '2', 'X-b': '3' }),
  })
  .map(({ method, path, query, headers }) => requestOf(`${method} http://checkout${path}${query}`, headers))

test('the table agrees with a reference that tries every match', () => {
  fc.assert(
    fc.property(documents, fc.array(request, { minLength: 1, maxLength: 20 }), (routes, requests) => {
      const { table } = buildRouteTable(routes, { namespace: 'shop' })
      for (const each of requests)
        assert.equal(table.find(each)?.rule.name, reference(routes, each), `${each.method} ${each.path}`)
    }),
    { numRuns: 300 },
  )
})
