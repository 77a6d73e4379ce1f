import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rule } from './route.ts'
import { requestOf, routeOf, ruleTo } from './routes-fake.ts'
import { buildRouteTable } from './table.ts'

function compiled(more: object): Rule {
  const { table, problems } = buildRouteTable([routeOf({ rules: [ruleTo('v1', more)] })], {
    namespace: 'shop',
  })
  assert.deepEqual(problems, [])
  return table.find(requestOf('GET http://checkout/'))!.rule
}

const limits: [timeouts: object, request: number | undefined, backend: number | undefined][] = [
  [{}, undefined, undefined],
  [{ request: '0s', backendRequest: '0s' }, undefined, undefined],
  [{ request: '10s' }, 10_000, undefined],
  [{ request: '1m', backendRequest: '500ms' }, 60_000, 500],
]

for (const [timeouts, request, backend] of limits) {
  test(`the timeouts ${JSON.stringify(timeouts)} are ${request ?? 'no limit'} and ${backend ?? 'no limit'}`, () => {
    const rule = compiled({ timeouts })
    assert.equal(rule.requestTimeoutMs, request)
    assert.equal(rule.backendTimeoutMs, backend)
  })
}

test('a request is tried again only when the rule asks for it', () => {
  assert.equal(compiled({}).retry, undefined)
  assert.deepEqual(compiled({ retry: {} }).retry, { attempts: 1, codes: [], backoffMs: 25 })
  const retry = { attempts: 3, codes: [503], backoff: '1s' }
  assert.deepEqual(compiled({ retry }).retry, { attempts: 3, codes: [503], backoffMs: 1000 })
})

test('sessions are kept by a cookie or a header', () => {
  assert.deepEqual(compiled({ sessionPersistence: {} }).session, {
    type: 'cookie',
    name: 'outrigger-session',
  })
  const sessionPersistence = { type: 'Header', sessionName: 'x-session' }
  assert.deepEqual(compiled({ sessionPersistence }).session, { type: 'header', name: 'x-session' })
})

test('backends name their cluster: a Service by name, namespace and port, a Cluster by its name', () => {
  const backendRefs = [
    { name: 'v1', port: 80, weight: 3 },
    { name: 'v2', namespace: 'other', port: 8080 },
    { kind: 'Cluster', name: 'legacy' },
  ]
  const { backends, totalWeight } = compiled({ backendRefs })
  assert.deepEqual(
    backends.map(({ cluster, weight }) => [cluster, weight]),
    [
      ['v1.shop:80', 3],
      ['v2.other:8080', 1],
      ['legacy', 1],
    ],
  )
  assert.equal(totalWeight, 5)
})

const filters: [written: object, compiled: object][] = [
  [
    { type: 'RequestRedirect', requestRedirect: { scheme: 'https', port: 8443, statusCode: 308 } },
    { kind: 'redirect', scheme: 'https', port: 8443, status: 308 },
  ],
  [
    {
      type: 'URLRewrite',
      urlRewrite: { hostname: 'a', path: { type: 'ReplaceFullPath', replaceFullPath: '' } },
    },
    { kind: 'rewrite', host: 'a', path: { kind: 'full', to: '/' } },
  ],
  [
    { type: 'RequestMirror', requestMirror: { backendRef: { name: 'm', port: 1 }, percent: 5 } },
    { kind: 'mirror', cluster: 'm.shop:1', numerator: 5, denominator: 100 },
  ],
  [
    { type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['server'] } },
    { kind: 'response_headers', set: [], add: [], remove: ['server'] },
  ],
  [
    { type: 'CORS', cors: { allowOrigins: ['*'], maxAge: 9 } },
    {
      ...{ kind: 'cors', origins: ['*'], methods: [], headers: [], expose: [] },
      ...{ credentials: false, maxAgeSeconds: 9 },
    },
  ],
]

for (const [written, expected] of filters) {
  test(`${JSON.stringify(written)} is ${JSON.stringify(expected)}`, () => {
    const redirects = 'requestRedirect' in written
    assert.deepEqual(compiled({ filters: [written], ...(redirects && { backendRefs: [] }) }).filters, [
      expected,
    ])
  })
}
