import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RouteDocument } from './config.ts'
import { requestOf, routeOf, ruleTo } from './routes-fake.ts'
import { buildRouteTable } from './table.ts'

const scope = { namespace: 'shop' }

function tableOf(documents: readonly RouteDocument[], where: Parameters<typeof buildRouteTable>[1] = scope) {
  const { table, problems } = buildRouteTable(documents, where)
  assert.deepEqual(problems, [])
  return table
}

const path = (type: string, value: string, more: object = {}) => ({
  matches: [{ path: { type, value }, ...more }],
})

const table = tableOf([
  routeOf({
    rules: [
      ruleTo('rest', { name: 'rest' }),
      ruleTo('pattern', { name: 'pattern', ...path('RegularExpression', '/items/[0-9]+') }),
      ruleTo('a', { name: 'a', ...path('PathPrefix', '/a/') }),
      ruleTo('ab', { name: 'ab', ...path('PathPrefix', '/a/b') }),
      ruleTo('exact', { name: 'exact', ...path('Exact', '/a/b/c') }),
      ruleTo('post', { name: 'post', ...path('PathPrefix', '/a', { method: 'POST' }) }),
      ruleTo('one', {
        name: 'one',
        ...path('PathPrefix', '/a', { headers: [{ name: 'X-One', value: '1' }] }),
      }),
      ruleTo('two', {
        name: 'two',
        ...path('PathPrefix', '/a', {
          headers: [
            { name: 'x-one', value: '1' },
            { name: 'x-two', type: 'RegularExpression', value: '[0-9]+' },
          ],
        }),
      }),
      ruleTo('query', {
        name: 'query',
        ...path('PathPrefix', '/a', { queryParams: [{ name: 'q', value: 'a b' }] }),
      }),
    ],
  }),
])

const found: [line: string, headers: Record<string, string>, rule: string, prefix: string][] = [
  ['GET http://checkout/', {}, 'rest', ''],
  ['GET http://checkout/zzz', {}, 'rest', ''],
  ['GET http://checkout/items/42', {}, 'pattern', ''],
  ['GET http://checkout/items/42/x', {}, 'rest', ''],
  ['GET http://checkout/a', {}, 'a', '/a'],
  ['GET http://checkout/a/', {}, 'a', '/a'],
  ['GET http://checkout/ab', {}, 'rest', ''],
  ['GET http://checkout/a/x', {}, 'a', '/a'],
  ['GET http://checkout/a/b', {}, 'ab', '/a/b'],
  ['GET http://checkout/a/bc', {}, 'a', '/a'],
  ['GET http://checkout/a/b/c', {}, 'exact', ''],
  ['GET http://checkout/a/b/c/', {}, 'ab', '/a/b'],
  ['GET http://checkout/a/b/c/d/e/f/g/h/i/j/k/l/m/n', {}, 'ab', '/a/b'],
  ['POST http://checkout/a/x', {}, 'post', '/a'],
  ['POST http://checkout/a/x', { 'x-one': '1' }, 'post', '/a'],
  ['GET http://checkout/a/x', { 'x-ONE': '1' }, 'one', '/a'],
  ['GET http://checkout/a/x', { 'x-one': '1', 'x-two': '22' }, 'two', '/a'],
  ['GET http://checkout/a/x', { 'x-one': '1', 'x-two': '2a' }, 'one', '/a'],
  ['GET http://checkout/a/x?p=1&q=a+b', {}, 'query', '/a'],
  ['GET http://checkout/a/x?q=a%20b', {}, 'query', '/a'],
  ['GET http://checkout/a/x?q=ab', {}, 'a', '/a'],
  ['GET http://checkout/a/x?q=x&q=a+b', {}, 'a', '/a'],
]

for (const [line, headers, rule, prefix] of found) {
  test(`${line} ${JSON.stringify(headers)} meets rule ${rule}`, () => {
    const match = table.find(requestOf(line, headers))
    assert.equal(match?.rule.name, `HTTPRoute/shop/checkout/${rule}`)
    assert.equal(match?.prefix, prefix)
  })
}

test('lines of one header field are one value', () => {
  const request = requestOf('GET http://checkout/a/x')
  request.headers.append('x-one', '1')
  request.headers.append('X-One', '1')
  assert.match(table.find(request)!.rule.name, /\/a$/)
})

const hosts: [host: string, port: number, governed: boolean][] = [
  ['checkout', 80, true],
  ['checkout.shop', 8080, true],
  ['checkout.shop.svc', 80, true],
  ['checkout.shop.svc.cluster.local', 80, true],
  ['checkout.other', 80, false],
  ['checkout.shop.example.com', 80, false],
]

for (const [host, port, governed] of hosts) {
  test(`${host}:${port} is ${governed ? '' : 'not '}under the routes of checkout.shop`, () =>
    assert.equal(table.governs({ host, port }), governed))
}

test('where routes are attached and none matches there is no match, and the routes still govern', () => {
  const only = tableOf([routeOf({ rules: [ruleTo('a', path('Exact', '/a'))] })])
  assert.equal(only.find(requestOf('GET http://checkout/b')), undefined)
  assert.ok(only.governs({ host: 'checkout', port: 80 }))
})

test('a port in parentRefs limits the route to it; other ports stay as they were', () => {
  const only = tableOf([routeOf({ parents: [{ kind: 'Service', name: 'checkout', port: 8080 }] })])
  assert.ok(only.find(requestOf('GET http://checkout:8080/')))
  assert.ok(!only.governs({ host: 'checkout', port: 80 }))
})

test('a route without port and one for the port hold together there', () => {
  const both = tableOf([
    routeOf({ name: 'all', rules: [ruleTo('all')] }),
    routeOf({
      name: 'one',
      parents: [{ kind: 'Service', name: 'checkout', port: 8080 }],
      rules: [ruleTo('one', path('Exact', '/one'))],
    }),
  ])
  assert.equal(both.find(requestOf('GET http://checkout:8080/one'))?.rule.backends[0]?.cluster, 'one.shop:80')
  assert.equal(both.find(requestOf('GET http://checkout:8080/x'))?.rule.backends[0]?.cluster, 'all.shop:80')
  assert.equal(both.find(requestOf('GET http://checkout/one'))?.rule.backends[0]?.cluster, 'all.shop:80')
})

const producer = routeOf({ name: 'producer', rules: [ruleTo('v1')] })
const consumer = routeOf({
  name: 'consumer',
  namespace: 'mobile',
  parents: [{ kind: 'Service', name: 'checkout', namespace: 'shop' }],
  rules: [ruleTo('v2', path('Exact', '/x'))],
})

const callers: [namespace: string, line: string, rule: string | undefined][] = [
  ['shop', 'GET http://checkout.shop/x', 'HTTPRoute/shop/producer/0'],
  ['desktop', 'GET http://checkout.shop/x', 'HTTPRoute/shop/producer/0'],
  ['mobile', 'GET http://checkout.shop/x', 'HTTPRoute/mobile/consumer/0'],
  ['mobile', 'GET http://checkout.shop/other', undefined],
]

for (const [namespace, line, rule] of callers) {
  test(`a caller in ${namespace} meets ${rule ?? 'no rule'} with ${line}`, () =>
    assert.equal(tableOf([producer, consumer], { namespace }).find(requestOf(line))?.rule.name, rule))
}

test('host names of a route with a Service as parent have no effect', () => {
  const named = tableOf([routeOf({ hostnames: ['other.example.com'] })])
  assert.ok(named.find(requestOf('GET http://checkout/')))
  assert.ok(!named.find(requestOf('GET http://other.example.com/')))
})

test('the older of two routes that match equally comes first, then the name', () => {
  const route = (name: string, made?: string) =>
    routeOf({ name, ...(made && { made }), rules: [ruleTo(name, path('Exact', '/x', { method: 'GET' }))] })
  const find = (...documents: RouteDocument[]) =>
    buildRouteTable(documents, scope).table.find(requestOf('GET http://checkout/x'))?.rule.name
  const [old, young] = ['2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z']
  assert.equal(find(route('a', young), route('b', old)), 'HTTPRoute/shop/b/0')
  assert.equal(find(route('b'), route('a')), 'HTTPRoute/shop/a/0')
})

test('a gRPC method is matched by service and method', () => {
  const grpc = tableOf([
    routeOf({
      kind: 'GRPCRoute',
      rules: [
        ruleTo('service', { name: 'service', matches: [{ method: { service: 'shop.v1.Cart' } }] }),
        ruleTo('method', {
          name: 'method',
          matches: [{ method: { service: 'shop.v1.Cart', method: 'Add' } }],
        }),
        ruleTo('any', { name: 'any', matches: [{ method: { method: 'Check' } }] }),
        ruleTo('pattern', {
          name: 'pattern',
          matches: [{ method: { type: 'RegularExpression', service: 'a|b' } }],
        }),
      ],
    }),
  ])
  const find = (called: string) =>
    grpc.find(requestOf(`POST http://checkout${called}`))?.rule.name.split('/')[3]
  assert.deepEqual(['/shop.v1.Cart/Add', '/shop.v1.Cart/Remove', '/x/Check', '/b/Go', '/c/Go'].map(find), [
    'method',
    'service',
    'any',
    'pattern',
    undefined,
  ])
})

const listener = { gateway: 'front', section: 'http', port: 8080 }
const front = [{ name: 'front' }]
const gateway = tableOf(
  [
    routeOf({ name: 'any', parents: front }),
    routeOf({ name: 'wild', parents: front, hostnames: ['*.example.com'] }),
    routeOf({
      name: 'exact',
      parents: front,
      hostnames: ['shop.example.com'],
      rules: [ruleTo('shop', path('Exact', '/cart'))],
    }),
    routeOf({ name: 'elsewhere', parents: [{ name: 'back' }], hostnames: ['back.example.com'] }),
    routeOf({
      name: 'section',
      parents: [{ name: 'front', sectionName: 'https' }],
      hostnames: ['tls.example.org'],
    }),
  ],
  { ...scope, listener },
)

const asked: [line: string, route: string][] = [
  ['GET http://shop.example.com/cart', 'exact'],
  ['GET http://shop.example.com/other', 'wild'],
  ['GET http://a.b.example.com/', 'wild'],
  ['GET http://example.com/', 'any'],
  ['GET http://back.example.com/', 'wild'],
  ['GET http://tls.example.org/', 'any'],
]

for (const [line, route] of asked) {
  test(`on a Gateway ${line} meets the route "${route}"`, () =>
    assert.equal(gateway.find(requestOf(line))?.rule.name.split('/')[2], route))
}

test('connections are routed by server name, and else by the TCP route', () => {
  const tls = tableOf([
    routeOf({ kind: 'TLSRoute', name: 'wild', hostnames: ['*.example.com'], rules: [ruleTo('wild')] }),
    routeOf({ kind: 'TLSRoute', name: 'exact', hostnames: ['a.example.com'], rules: [ruleTo('exact')] }),
  ])
  const target = { host: 'checkout.shop', port: 443 }
  const route = (serverName: string) => tls.findConnection({ ...target, serverName })?.name
  assert.equal(route('a.example.com'), 'TLSRoute/shop/exact/0')
  assert.equal(route('b.example.com'), 'TLSRoute/shop/wild/0')
  assert.equal(route('example.org'), undefined)
  const tcp = tableOf([routeOf({ kind: 'TCPRoute', rules: [ruleTo('db')] })])
  assert.equal(tcp.findConnection(target)?.backends[0]?.cluster, 'db.shop:80')
})

test('only routes for connections govern these, and a TCP route takes requests, too', () => {
  const ruled = [ruleTo('db')]
  const tableWith = (kind: RouteDocument['kind']) => tableOf([routeOf({ kind, rules: ruled })])
  const target = { host: 'checkout.shop', port: 80 }
  const governs = (kind: RouteDocument['kind']) => tableWith(kind).governsConnections(target)
  assert.deepEqual((['HTTPRoute', 'TLSRoute', 'TCPRoute'] as const).map(governs), [false, true, true])
  assert.equal(tableWith('TCPRoute').governsConnections({ host: 'other.shop', port: 80 }), false)
  const request = requestOf('GET http://checkout.shop/')
  const found = (kind: RouteDocument['kind']) => tableWith(kind).find(request)?.rule.backends[0]?.cluster
  assert.deepEqual((['TLSRoute', 'TCPRoute'] as const).map(found), [undefined, 'db.shop:80'])
})
