import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { SourceFailure } from '../sources/source.ts'
import { type CacheEntry, type Grant, LeaseCache } from './lease-cache.ts'
import { fitsRevocation } from './revocation.ts'

type Renewal = (entry: CacheEntry) => Promise<{ durationMs: number; renewable: boolean }>

function open(renew: Renewal = async () => ({ durationMs: 60_000, renewable: true }), maxEntries = 10) {
  const clock = new FakeClock()
  const renewed: string[] = []
  const cache = new LeaseCache({
    clock,
    random: () => 0.5,
    maxEntries,
    renew: entry => {
      renewed.push(entry.grant.id)
      return renew(entry)
    },
  })
  const add = (key: string, grant: Partial<Grant> = {}, token = 'parent') =>
    cache.add({
      key,
      answer: { status: 200, headers: {}, body: Buffer.from(`answer ${key}`) },
      grant: {
        kind: 'lease',
        id: key,
        accessor: `accessor ${key}`,
        durationMs: 60_000,
        renewable: true,
        ...grant,
      },
      token,
      namespace: '',
      path: `/v1/${key}`,
    })
  const has = (key: string) => cache.get(key) !== undefined
  return { cache, clock, renewed, add, has }
}

describe('answers with leases are kept', () => {
  test('and given out with their age, for as long as their lease is renewed', async () => {
    const { cache, clock, renewed, add } = open()
    add('a')
    for (let minute = 0; minute < 10; minute++) await clock.elapse(60_000)
    const kept = cache.get('a')!
    assert.equal(kept.answer.body.toString(), 'answer a')
    assert.equal(kept.ageMs, 600_000)
    assert.ok(renewed.length >= 10 && renewed.length <= 30, String(renewed.length))
  })

  test('until a renewal is refused', async () => {
    const { clock, renewed, add, has } = open(async () => {
      throw new Error('gone')
    })
    add('a')
    await clock.elapse(60_000)
    assert.deepEqual([renewed, has('a')], [['a'], false])
  })

  test('over renewals that nobody answers, until its end', async () => {
    let isAway = true
    const { clock, renewed, add, has } = open(async () => {
      if (isAway) throw new SourceFailure('unavailable', 'nobody is there')
      return { durationMs: 60_000, renewable: true }
    })
    add('back')
    await clock.elapse(55_000)
    assert.equal(has('back'), true)
    assert.ok(renewed.length >= 2, String(renewed.length))
    isAway = false
    await clock.elapse(60_000)
    assert.equal(has('back'), true)
    isAway = true
    await clock.elapse(70_000)
    assert.equal(has('back'), false)
  })

  test('until a renewal gives no more time', async () => {
    const { clock, add, has } = open(async () => ({ durationMs: 0, renewable: true }))
    add('a')
    await clock.elapse(60_000)
    assert.equal(has('a'), false)
  })

  test('where they cannot be renewed, until their end is near', async () => {
    const { clock, renewed, add, has } = open()
    add('a', { renewable: false })
    await clock.elapse(53_000)
    assert.equal(has('a'), true)
    await clock.elapse(1001)
    assert.deepEqual([renewed, has('a')], [[], false])
  })

  test('only where there is a time at all', () => {
    const { add, has } = open()
    add('a', { durationMs: 0 })
    assert.equal(has('a'), false)
  })

  test('the newest of them, when there are too many', () => {
    const { add, has } = open(undefined, 2)
    for (const key of ['a', 'b', 'c']) add(key)
    assert.deepEqual(['a', 'b', 'c'].map(has), [false, true, true])
  })

  test('as copies: what was given out stays when it is forgotten', () => {
    const { cache, add } = open()
    add('a')
    const { answer } = cache.get('a')!
    cache.evict(() => true)
    assert.equal(answer.body.toString(), 'answer a')
  })
})

test('with a token goes all that was asked for with it', () => {
  const { cache, add, has } = open()
  add('login', { kind: 'token', id: 'child' })
  add('creds', {}, 'child')
  add('login-2', { kind: 'token', id: 'grandchild' }, 'child')
  add('creds-2', {}, 'grandchild')
  add('other')
  assert.equal(cache.knowsToken('grandchild'), true)
  cache.evict(({ grant }) => grant.id === 'child')
  assert.deepEqual(['login', 'creds', 'login-2', 'creds-2', 'other'].map(has), [
    false,
    false,
    false,
    false,
    true,
  ])
  assert.equal(cache.knowsToken('grandchild'), false)
})

describe('what was revoked through us is forgotten', () => {
  for (const [method, path, body, gone] of [
    ['PUT', '/v1/sys/leases/revoke', { lease_id: 'db/creds/a/1' }, ['db/creds/a/1']],
    ['PUT', '/v1/sys/leases/revoke/db/creds/a/1', {}, ['db/creds/a/1']],
    ['PUT', '/v1/sys/leases/revoke-prefix/db/creds/a', {}, ['db/creds/a/1']],
    ['POST', '/v1/sys/leases/revoke-force/db', {}, ['db/creds/a/1', 'db/creds/b/2']],
    ['PUT', '/v1/auth/token/revoke-self', {}, ['db/creds/a/1', 'db/creds/b/2', 'login']],
    ['POST', '/v1/auth/token/revoke', { token: 'child' }, ['login']],
    ['POST', '/v1/auth/token/revoke-orphan', { token: 'parent' }, ['db/creds/a/1', 'db/creds/b/2', 'login']],
    ['POST', '/v1/auth/token/revoke-accessor', { accessor: 'accessor login' }, ['login']],
    ['GET', '/v1/sys/leases/revoke', { lease_id: 'db/creds/a/1' }, []],
    ['PUT', '/v1/sys/leases/renew', { lease_id: 'db/creds/a/1' }, []],
    ['PUT', '/v1/secret/data/sys/leases/revoke-force/db', {}, []],
  ] as const)
    test(`${method} ${path} ${JSON.stringify(body)}`, () => {
      const { cache, add, has } = open()
      add('db/creds/a/1')
      add('db/creds/b/2')
      add('login', { kind: 'token', id: 'child' })
      const fits = fitsRevocation(method, path, new Map(Object.entries(body)), 'parent')
      if (fits !== undefined) cache.evict(fits)
      assert.deepEqual(
        ['db/creds/a/1', 'db/creds/b/2', 'login'].filter(key => !has(key)),
        gone,
      )
    })
})
