import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { request } from '../request-fake.ts'
import { checkLimits, limitsConfig } from './config.ts'
import { type Limiter, LocalLimiter } from './limiter.ts'
import { parseRate } from './rate.ts'

function decoded(limits: readonly object[]) {
  const result = limitsConfig.decode(limits)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

function limiter(...limits: object[]) {
  const host = fakeHost()
  const make = (previous?: Limiter, next = limits) =>
    new LocalLimiter(decoded(next), { ...host, ...(previous && { previous }) })
  return { host, make, limiter: make() }
}

for (const [text, count, windowMs] of [
  ['100/s', 100, 1000],
  ['5/10s', 5, 10_000],
  ['30/m', 30, 60_000],
  ['1000/h', 1000, 3_600_000],
  ['1/2d', 1, 172_800_000],
] as const)
  test(`${text} is a rate`, () => assert.deepEqual(parseRate(text), { count, windowMs }))

for (const rate of ['100', '0/s', '100/ms', '1.5/s', '-1/s', '10 / s', '10/0s', '10/s/s', ''])
  test(`"${rate}" is no rate`, () => {
    const result = limitsConfig.decode([{ name: 'a', rate }])
    assert.ok(!result.ok)
    assert.match(result.problems[0]!.message, /a rate such as 100\/s/)
  })

describe('who shares a rate', () => {
  const a = { address: '10.0.0.1', identity: 'spiffe://a', headers: { 'X-Key': '1' } }
  for (const [limit, second, same] of [
    [{ per: 'all' }, { address: '10.0.0.2' }, true],
    [{ per: 'address' }, { address: '10.0.0.1' }, true],
    [{ per: 'address' }, { address: '10.0.0.2' }, false],
    [{ per: 'address' }, { address: '::ffff:10.0.0.1' }, true],
    [{ per: 'address' }, { address: 'unix' }, false],
    [{ per: 'identity' }, { identity: 'spiffe://a' }, true],
    [{ per: 'identity' }, { identity: 'spiffe://b' }, false],
    [{ per: 'identity' }, {}, false],
    [{ per: 'header', header: 'x-key' }, { headers: { 'x-key': '1' } }, true],
    [{ per: 'header', header: 'x-key' }, { headers: { 'x-key': '2' } }, false],
    [{ per: 'header', header: 'x-key' }, {}, false],
  ] as const)
    test(`${JSON.stringify(limit)}: ${JSON.stringify(second)} ${same ? 'shares' : 'has its own'}`, () => {
      const { limiter: one } = limiter({ name: 'a', rate: '1/s', ...limit })
      assert.equal(one.decide(request(a), 'r'), undefined)
      assert.equal(one.decide(request(second), 'r') !== undefined, same)
    })

  test('an IPv6 network of 64 bits is one caller', () => {
    const { limiter: one } = limiter({ name: 'a', rate: '1/s', per: 'address' })
    assert.equal(one.decide(request({ address: '2001:db8:1:2::1' }), 'r'), undefined)
    assert.ok(one.decide(request({ address: '2001:db8:1:2:ffff::9' }), 'r'))
    assert.equal(one.decide(request({ address: '2001:db8:1:3::1' }), 'r'), undefined)
  })

  test('per route, and only for the routes that are named', () => {
    const { limiter: one } = limiter({ name: 'a', rate: '1/s', per: 'route', routes: ['shop/*'] })
    const refused = ['shop/a', 'shop/a', 'shop/b', 'other', 'other'].map(
      route => one.decide(request(), route) !== undefined,
    )
    assert.deepEqual(refused, [false, true, false, false, false])
  })
})

describe('a refusal', () => {
  test('is 429, names the limit, and says when to come back', () => {
    const { limiter: one, host } = limiter({ name: 'slow', rate: '6/m', burst: 2 })
    one.decide(request(), 'r')
    one.decide(request(), 'r')
    host.clock.advance(500)
    assert.deepEqual(one.decide(request(), 'r'), {
      code: 'rate_limited',
      status: 429,
      detail: 'limit "slow" allows 6/m',
      headers: [
        ...['Retry-After', '10'],
        ...['RateLimit-Limit', '2'],
        ...['RateLimit-Remaining', '0'],
        ...['RateLimit-Reset', '20'],
        ...['RateLimit-Policy', '"slow";q=2;w=20'],
        ...['RateLimit', '"slow";r=0;t=20'],
      ],
    })
    host.clock.advance(9_500)
    assert.equal(one.decide(request(), 'r'), undefined)
    assert.equal(host.metric('limit_refusals_total', { limit: 'slow' }), 1)
  })

  for (const [headers, names] of [
    ['fields', ['Retry-After', 'RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset']],
    ['structured', ['Retry-After', 'RateLimit-Policy', 'RateLimit']],
    ['none', ['Retry-After']],
  ] as const)
    test(`with headers: ${headers}`, () => {
      const { limiter: one } = limiter({ name: 'a', rate: '1/s', headers })
      one.decide(request(), 'r')
      assert.deepEqual(
        one.decide(request(), 'r')!.headers.filter((_, at) => at % 2 === 0),
        names,
      )
    })

  test('uses up nothing of the limits that would have let the request pass', () => {
    const wide = { name: 'wide', rate: '2/h' }
    const { limiter: one } = limiter(wide, { name: 'narrow', rate: '1/h', per: 'address' })
    assert.equal(one.decide(request(), 'r'), undefined)
    for (let i = 0; i < 5; i++) assert.match(one.decide(request(), 'r')!.detail, /narrow/)
    assert.equal(one.decide(request({ address: '10.0.0.2' }), 'r'), undefined)
    assert.match(one.decide(request({ address: '10.0.0.3' }), 'r')!.detail, /wide/)
  })

  test('is only counted when the limit is not enforced', () => {
    const { limiter: one, host } = limiter({ name: 'a', rate: '1/h', enforce: false })
    for (let i = 0; i < 3; i++) assert.equal(one.decide(request(), 'r'), undefined)
    assert.equal(host.metric('limit_refusals_total', { limit: 'a' }), 2)
  })
})

test('what exceeds a limit that is not enforced does not lengthen its wait', () => {
  const { limiter: one, host } = limiter({ name: 'a', rate: '1/s', enforce: false })
  for (let i = 0; i < 5; i++) one.decide(request(), 'r')
  host.clock.advance(1000)
  one.decide(request(), 'r')
  assert.equal(host.metric('limit_refusals_total', { limit: 'a' }), 4)
})

test('callers that are forgotten before they made up for their requests are counted', () => {
  const { limiter: one, host } = limiter({ name: 'a', rate: '1/h', per: 'address', maxKeys: 2 })
  for (let i = 0; i < 5; i++) one.decide(request({ address: `10.0.0.${i}` }), 'r')
  assert.equal(host.metric('limit_keys_evicted_total', { limit: 'a' }), 3)
})

test('a limit that a reload leaves alone goes on counting; one that it changes begins anew', () => {
  const same = { name: 'same', rate: '1/h', routes: ['same'] }
  const changed = { name: 'changed', rate: '1/h', routes: ['changed'] }
  const { make, limiter: before } = limiter(same, changed)
  for (const route of ['same', 'changed']) before.decide(request(), route)
  const after = make(before, [{ ...changed, rate: '2/h' }, same])
  assert.ok(after.decide(request(), 'same'))
  assert.equal(after.decide(request(), 'changed'), undefined)
})

test('explains what is left and counts nothing by it', () => {
  const { limiter: one } = limiter({ name: 'a', rate: '3/h' }, { name: 'b', rate: '1/s', enforce: false })
  const before = ['limit "a" (3/h, burst 3): 3 left', 'limit "b" (1/s, burst 1, not enforced): 1 left']
  assert.deepEqual(one.explain(request(), 'r'), before)
  assert.deepEqual(one.explain(request(), 'r'), before)
  one.decide(request(), 'r')
  assert.equal(one.explain(request(), 'r')[0], 'limit "a" (3/h, burst 3): 2 left')
})

test('contradictions are problems in their place', () => {
  const limits = decoded([
    { name: 'a', rate: '1/s', per: 'header' },
    { name: 'a', rate: '1/s', header: 'x-key' },
    { name: 'b', rate: '1/s', per: 'header', header: 'x-key' },
  ])
  const problems = checkLimits(limits, ['proxy', 'limits'])
  assert.deepEqual(
    problems.map(({ path, message }) => [path.join('.'), message]),
    [
      ['proxy.limits.0.per', '"per: header" needs the name of the header'],
      ['proxy.limits.1.name', 'two limits are called "a"'],
      ['proxy.limits.1.header', '"header" has no meaning with "per: all"'],
    ],
  )
})
