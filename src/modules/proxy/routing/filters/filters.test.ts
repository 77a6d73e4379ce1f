import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeaderList } from '../../../../wire/http1/headers.ts'
import type { RequestView } from '../../request.ts'
import type { Filter } from '../route.ts'
import { chooseBackend } from '../weights.ts'
import { actionsOf } from './actions.ts'
import { compileFilter } from './compile.ts'
import { addCorsHeaders, originAllowed, preflightHeaders } from './cors.ts'
import { editHeaders } from './header-edit.ts'
import { isMirrored } from './mirror.ts'
import { changePath } from './path-change.ts'
import { redirectLocation } from './redirect.ts'

/** The examples of HTTPPathModifier; a matched prefix has no slash at its end. */
const prefixes: [path: string, prefix: string, to: string, result: string][] = [
  ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
  ['/foo', '/foo', '/xyz', '/xyz'],
  ['/foo/', '/foo', '/xyz', '/xyz/'],
  ['/foo/bar', '/foo', '', '/bar'],
  ['/foo/', '/foo', '', '/'],
  ['/foo', '/foo', '', '/'],
  ['/foo/', '/foo', '/', '/'],
  ['/foo', '/foo', '/', '/'],
  ['/bar', '', '/xyz', '/xyz/bar'],
  ['/', '', '/xyz', '/xyz/'],
]

for (const [path, prefix, to, result] of prefixes) {
  test(`${path} with ${prefix || '/'} replaced by "${to}" is ${result}`, () =>
    assert.equal(changePath(path, prefix, { kind: 'prefix', to }), result))
}

test('a full replacement takes the whole path', () =>
  assert.equal(changePath('/a/b', '/a', { kind: 'full', to: '/c' }), '/c'))

const redirects: [Partial<Filter & { kind: 'redirect' }>, string][] = [
  [{}, 'http://shop:8080/a/b?x=1'],
  [{ scheme: 'https' }, 'https://shop/a/b?x=1'],
  [{ scheme: 'https', port: 8443 }, 'https://shop:8443/a/b?x=1'],
  [{ scheme: 'https', port: 80 }, 'https://shop:80/a/b?x=1'],
  [{ scheme: 'http' }, 'http://shop/a/b?x=1'],
  [{ port: 80 }, 'http://shop/a/b?x=1'],
  [{ host: 'new.example.com' }, 'http://new.example.com:8080/a/b?x=1'],
  [{ path: { kind: 'full', to: '/c' } }, 'http://shop:8080/c?x=1'],
  [{ path: { kind: 'prefix', to: '/c' } }, 'http://shop:8080/c/b?x=1'],
]

for (const [filter, location] of redirects) {
  test(`a redirect with ${JSON.stringify(filter)} goes to ${location}`, () => {
    const call = {
      request: { host: 'shop', path: '/a/b', search: 'x=1' },
      prefix: '/a',
      scheme: 'http',
      listenerPort: 8080,
    } as const
    assert.equal(redirectLocation({ kind: 'redirect', status: 302, ...filter }, call), location)
  })
}

test('header edits set, add and remove in their own direction only', () => {
  const filter = (kind: 'request_headers' | 'response_headers', name: string) => ({
    kind,
    set: [{ name, value: 'set' }],
    add: [{ name: 'x-many', value: '2' }],
    remove: ['X-Gone'],
  })
  const headers = new HeaderList(['X-Set', 'old', 'x-many', '1', 'x-gone', 'a', 'X-GONE', 'b'])
  const actions = actionsOf([filter('request_headers', 'x-set'), filter('response_headers', 'x-other')])
  for (const edit of actions!.requestHeaders) editHeaders(headers, edit)
  assert.deepEqual(headers.raw, ['X-Set', 'set', 'x-many', '1', 'x-many', '2'])
})

test('an edit that reaches for the framing of messages leaves it alone', () => {
  const names = ['Content-Length', 'transfer-encoding', 'Connection', 'TE', 'Upgrade', 'x-own']
  const compiled = compileFilter(
    {
      type: 'RequestHeaderModifier',
      requestHeaderModifier: {
        set: names.map(name => ({ name, value: '1' })),
        add: names.map(name => ({ name, value: '1' })),
        remove: names,
      },
    },
    'shop',
  )
  const one = [{ name: 'x-own', value: '1' }]
  assert.deepEqual(compiled, { kind: 'request_headers', set: one, add: one, remove: ['x-own'] })
})

const cors: Filter & { kind: 'cors' } = {
  kind: 'cors',
  origins: ['https://*.example.com', 'http://localhost:3000'],
  methods: ['GET', 'PUT'],
  headers: ['x-team'],
  expose: ['x-id'],
  credentials: false,
  maxAgeSeconds: 60,
}

const origins: [string, boolean][] = [
  ['https://shop.example.com', true],
  ['https://a.b.example.com', true],
  ['https://example.com', false],
  ['https://.example.com', false],
  ['https://evil.com/.example.com', false],
  ['https://evilexample.com', false],
  ['http://shop.example.com', false],
  ['http://localhost:3000', true],
  ['http://localhost:30000', false],
  ['null', false],
]

for (const [origin, allowed] of origins) {
  test(`${origin} is ${allowed ? 'an' : 'no'} allowed origin`, () =>
    assert.equal(originAllowed(cors, origin), allowed))
}

function preflight(origin: string, filter = cors) {
  const raw = [
    'Origin',
    origin,
    'Access-Control-Request-Method',
    'PUT',
    'access-control-request-headers',
    'a',
  ]
  const request = { method: 'OPTIONS', headers: new HeaderList(raw) } as RequestView
  return Object.fromEntries(preflightHeaders(filter, request) ?? [])
}

test('a preflight request is answered with what is allowed', () => {
  const { vary, ...answer } = preflight('http://localhost:3000')
  assert.match(vary ?? '', /^origin\b/)
  assert.deepEqual(answer, {
    'access-control-allow-origin': 'http://localhost:3000',
    'access-control-allow-methods': 'GET, PUT',
    'access-control-allow-headers': 'x-team',
    'access-control-max-age': '60',
  })
})

test('a preflight request of another origin is answered without permission', () =>
  assert.deepEqual(Object.keys(preflight('http://evil.com')), ['vary']))

test('with credentials a * names what was asked for, without it stays a *', () => {
  const any = { ...cors, origins: ['*'], methods: ['*'], headers: ['*'] }
  const plain = preflight('http://a', any)
  assert.equal(plain['access-control-allow-origin'], '*')
  assert.equal(plain['access-control-allow-headers'], '*')
  const named = preflight('http://a', { ...any, credentials: true })
  assert.equal(named['access-control-allow-origin'], 'http://a')
  assert.equal(named['access-control-allow-methods'], 'PUT')
  assert.equal(named['access-control-allow-headers'], 'a')
  assert.equal(named['access-control-allow-credentials'], 'true')
})

test('OPTIONS without Access-Control-Request-Method is no preflight request', () => {
  const request = { method: 'OPTIONS', headers: new HeaderList(['origin', 'http://a']) } as RequestView
  assert.equal(preflightHeaders(cors, request), undefined)
})

test('answers carry the permission of the route and not that of the backend', () => {
  const answer = new HeaderList(['Access-Control-Allow-Origin', '*', 'x', 'y'])
  addCorsHeaders(cors, 'http://localhost:3000', answer)
  assert.deepEqual(answer.raw, [
    ...['x', 'y', 'vary', 'origin', 'access-control-allow-origin', 'http://localhost:3000'],
    ...['access-control-expose-headers', 'x-id'],
  ])
  const refused = new HeaderList(['Access-Control-Allow-Origin', '*'])
  addCorsHeaders(cors, 'http://evil.com', refused)
  assert.deepEqual(refused.raw, ['vary', 'origin'])
})

test('the share of copies is that of the fraction', () => {
  const mirror = { kind: 'mirror', cluster: 'c', numerator: 1, denominator: 4 } as const
  assert.deepEqual(
    [0, 0.2499, 0.25, 0.99].map(random => isMirrored(mirror, random)),
    [true, true, false, false],
  )
  assert.equal(isMirrored({ ...mirror, numerator: 0 }, 0), false)
})

test('backends are chosen by weight, and one of weight 0 never', () => {
  const backend = (cluster: string, weight: number) => ({ cluster, weight, filters: [] })
  const weights = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(weights, weights => {
      const backends = weights.map((weight, i) => backend(String(i), weight))
      const totalWeight = weights.reduce((sum, weight) => sum + weight, 0)
      const rule = { name: 'r', backends, totalWeight, filters: [] }
      const counts = weights.map(() => 0)
      for (let i = 0; i < totalWeight; i++)
        counts[Number(chooseBackend(rule, (i + 0.5) / totalWeight)!.cluster)]!++
      assert.deepEqual(counts, weights)
      if (totalWeight > 0) assert.ok(chooseBackend(rule, 1 - 2 ** -53)!.weight > 0)
      else assert.equal(chooseBackend(rule, 0.5), undefined)
    }),
  )
})
