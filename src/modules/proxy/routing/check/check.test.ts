import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPath } from '../../../../kernel/config/report.ts'
import { routeDocument } from '../config.ts'
import { routeOf, ruleTo } from '../routes-fake.ts'
import { buildRouteTable } from '../table.ts'
import { checkRoutes } from './check.ts'

const back = { name: 'a', port: 80 }
const redirect = { type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }
const full = { type: 'ReplaceFullPath', replaceFullPath: '/x' }
const match = (value: object) => ruleTo('a', { matches: [value] })
const filter = (value: object) => ruleTo('a', { filters: [value] })
const rewrite = (path: object) => filter({ type: 'URLRewrite', urlRewrite: { path } })
const headers = (value: object) => filter({ type: 'RequestHeaderModifier', requestHeaderModifier: value })
const mirrorFilter = (value: object) => ({
  type: 'RequestMirror',
  requestMirror: { backendRef: back, ...value },
})
const mirror = (value: object) => filter(mirrorFilter(value))
const pattern = (value: string) => match({ path: { type: 'RegularExpression', value } })

const mistakes: [rule: object, place: string, message: RegExp][] = [
  [{}, '', /neither a backend nor a redirect/],
  [{ filters: [redirect], backendRefs: [back] }, 'backendRefs', /redirects never reaches a backend/],
  [{ backendRefs: [{ ...back, weight: 0 }] }, 'backendRefs', /all weights are 0/],
  [{ backendRefs: [{ name: 'a' }] }, 'backendRefs[0].name', /needs a port/],
  [{ backendRefs: [{ kind: 'Cluster', name: 'a', port: 1 }] }, 'backendRefs[0].port', /has no port/],
  [
    { backendRefs: [{ ...back, filters: [redirect] }] },
    'backendRefs[0].filters[0].type',
    /belongs to the rule/,
  ],
  [match({ path: { value: 'a' } }), 'matches[0].path.value', /begins with \//],
  [match({ path: { value: '/a?b' } }), 'matches[0].path.value', /expected a path/],
  [match({ path: { value: '/a/../b' } }), 'matches[0].path.value', /no request has the path/],
  [pattern('/a('), 'matches[0].path.value', /expected a regular expression, got "\/a\("/],
  [pattern('/(a+)+(?=b)'), 'matches[0].path.value', /exponential time/],
  [
    match({
      headers: [
        { name: 'x', value: '1' },
        { name: 'X', value: '2' },
      ],
    }),
    'matches[0].headers[1].name',
    /matched twice/,
  ],
  [
    match({ queryParams: [{ name: 'q', type: 'RegularExpression', value: '[' }] }),
    'matches[0].queryParams[0].value',
    /expected a regular expression/,
  ],
  [filter({ type: 'CORS' }), 'filters[0].type', /CORS needs its options/],
  [
    filter({ type: 'CORS', cors: {}, urlRewrite: { hostname: 'a' } }),
    'filters[0].urlRewrite',
    /no effect in a filter of type CORS/,
  ],
  [{ filters: [redirect, redirect] }, 'filters[1].type', /a second RequestRedirect/],
  [
    { filters: [redirect, { type: 'URLRewrite', urlRewrite: { hostname: 'a' } }] },
    'filters[1]',
    /never takes effect/,
  ],
  [
    { filters: [{ type: 'RequestRedirect', requestRedirect: { statusCode: 304 } }] },
    'filters[0].requestRedirect.statusCode',
    /expected 301, 302, 303, 307 or 308, got 304/,
  ],
  [rewrite({ ...full, replacePrefixMatch: '/y' }), 'filters[0].urlRewrite.path', /both replaceFullPath and/],
  [rewrite({ type: 'ReplaceFullPath' }), 'filters[0].urlRewrite.path', /needs replaceFullPath/],
  [
    rewrite({ ...full, replaceFullPath: 'x' }),
    'filters[0].urlRewrite.path.replaceFullPath',
    /begins with \//,
  ],
  [
    {
      ...rewrite({ type: 'ReplacePrefixMatch', replacePrefixMatch: '/x' }),
      matches: [{ path: { type: 'Exact', value: '/a' } }],
    },
    'filters[0].urlRewrite.path.type',
    /by PathPrefix alone/,
  ],
  [
    headers({ set: [{ name: 'a', value: '1' }], remove: ['A'] }),
    'filters[0].requestHeaderModifier.remove[0]',
    /changed twice/,
  ],
  [
    headers({ remove: ['Content-Length'] }),
    'filters[0].requestHeaderModifier.remove[0]',
    /belongs to the connection/,
  ],
  [
    mirror({ percent: 1, fraction: { numerator: 1 } }),
    'filters[0].requestMirror',
    /both percent and fraction/,
  ],
  [
    mirror({ fraction: { numerator: 5, denominator: 4 } }),
    'filters[0].requestMirror.fraction.numerator',
    /at most the denominator 4/,
  ],
  [
    ruleTo('a', { timeouts: { request: '1s', backendRequest: '2s' } }),
    'timeouts.backendRequest',
    /at most the 1s of request, got 2s/,
  ],
]

for (const [rule, place, message] of mistakes) {
  test(`${JSON.stringify(rule)} is a mistake`, () => {
    const [found, ...more] = checkRoutes([routeOf({ rules: [rule] })])
    assert.deepEqual(more, [])
    assert.equal(formatPath(found!.path.slice(1)), `spec.rules[0]${place === '' ? '' : `.${place}`}`)
    assert.match(found!.message, message)
  })
}

const correct: object[] = [
  ruleTo('a'),
  { filters: [redirect] },
  ruleTo('a', { timeouts: { request: '0s', backendRequest: '2s' } }),
  ruleTo('a', { timeouts: { request: '2s', backendRequest: '0s' } }),
  { backendRefs: [back, { ...back, name: 'b', weight: 0 }] },
  { backendRefs: [{ kind: 'Cluster', name: 'a' }] },
  { ...ruleTo('a'), filters: [mirrorFilter({}), mirrorFilter({ percent: 5 })] },
]

for (const rule of correct) {
  test(`${JSON.stringify(rule)} is correct`, () =>
    assert.deepEqual(checkRoutes([routeOf({ rules: [rule] })]), []))
}

const shop = { namespace: 'shop' }
const exact = (more: object = {}) =>
  ruleTo('a', { matches: [{ path: { type: 'Exact', value: '/a' }, ...more }] })

test('a rule that another one hides is told, with the one that hides it', () => {
  const { problems } = buildRouteTable([routeOf({ rules: [exact(), ruleTo('b'), exact()] })], shop)
  assert.deepEqual(
    problems.map(({ path }) => path),
    [[0, 'spec', 'rules', 2, 'matches', 0]],
  )
  assert.match(problems[0]!.message, /^never holds: HTTPRoute\/shop\/checkout\/0 matches the same requests/)
})

test('rules that ask for more of a request are no contradiction', () =>
  assert.deepEqual(
    buildRouteTable([routeOf({ rules: [exact(), exact({ method: 'GET' })] })], shop).problems,
    [],
  ))

test('a hidden rule on a Gateway is told too', () => {
  const parents = [{ name: 'front' }]
  const documents = [routeOf({ name: 'a', parents }), routeOf({ name: 'b', parents })]
  const listener = { gateway: 'front', port: 80 }
  assert.match(buildRouteTable(documents, { ...shop, listener }).problems[0]!.message, /^never holds/)
  assert.deepEqual(buildRouteTable(documents, shop).problems, [])
})

test('a route of a lesser kind at the same port is told to have no effect', () => {
  const grpc = routeOf({ kind: 'GRPCRoute', name: 'grpc' })
  const { problems } = buildRouteTable([routeOf({ name: 'http' }), grpc], shop)
  assert.deepEqual(
    problems.map(({ path }) => path),
    [[0, 'kind']],
  )
  assert.match(problems[0]!.message, /has no effect on checkout\.shop: GRPCRoute\/shop\/grpc/)
})

test('two documents of one kind and name are told', () =>
  assert.match(checkRoutes([routeOf({}), routeOf({})])[0]!.message, /there are two of HTTPRoute "checkout"/))

const parents: [object, RegExp][] = [
  [{ kind: 'Service', name: 'a', group: 'apps' }, /expected "" for a Service, got "apps"/],
  [{ kind: 'Service', name: 'a', sectionName: 'http' }, /named by its number/],
]

for (const [parent, message] of parents) {
  test(`${JSON.stringify(parent)} is no parent`, () => {
    const [problem] = checkRoutes([routeOf({ parents: [parent] })])
    assert.match(problem!.message, message)
  })
}

test('unknown fields are told with what was probably meant, at their place', () => {
  const { metadata, spec } = routeOf({})
  const decoded = routeDocument.decode({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata,
    spec: { ...spec, rules: [{ backendRef: [back] }] },
  })
  assert.ok(!decoded.ok)
  assert.deepEqual(decoded.problems, [
    {
      path: ['spec', 'rules', 0, 'backendRef'],
      at: 'key',
      message: 'unknown option; did you mean "backendRefs"?',
    },
  ])
})
