import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { KeySet, parseKeySet } from './key-set.ts'

const key = (kid: string) => JSON.stringify({ keys: [{ kty: 'EC', kid }] })
const finder = (keys: JSONWebKeySet) =>
  Object.assign(() => assert.fail(), { keys }) as unknown as JWTVerifyGetKey

let clock: FakeClock
let answer: () => Promise<string>
let loads: number
let problems: (string | undefined)[]
let set: KeySet

beforeEach(() => {
  clock = new FakeClock()
  loads = 0
  problems = []
  answer = async () => key('a')
  set = new KeySet({
    ...{ finder, clock, refreshMs: 300_000, cooldownMs: 30_000 },
    load: () => {
      loads++
      return answer()
    },
    loaded: problem => problems.push(problem),
  })
})

const settled = () => clock.elapse(0)

describe('a key set', () => {
  test('is read once for all who ask at the same time', async () => {
    const [a, b] = await Promise.all([set.available(), set.available()])
    assert.equal(a, b)
    assert.equal(loads, 1)
    assert.equal(set.current(), a)
  })

  test('is read again when it is old; meanwhile, and when the text is the same, the old object stays', async () => {
    const first = await set.available()
    clock.advance(299_999)
    set.current()
    assert.equal(loads, 1)
    clock.advance(1)
    assert.equal(set.current(), first)
    await settled()
    assert.equal(loads, 2)
    assert.equal(set.current(), first)
    answer = async () => key('b')
    clock.advance(300_000)
    assert.equal(set.current(), first)
    await settled()
    assert.notEqual(set.current(), first)
  })

  test('stays in use while reading fails, and is tried again after the cool-down', async () => {
    const first = await set.available()
    answer = async () => assert.fail('away')
    clock.advance(300_000)
    for (let i = 0; i < 3; i++) {
      assert.equal(set.current(), first)
      await settled()
    }
    assert.equal(loads, 2)
    clock.advance(30_000)
    assert.equal(set.current(), first)
    await settled()
    assert.equal(loads, 3)
    assert.deepEqual(problems, [undefined, 'away', 'away'])
  })

  test('is asked for again soon while there is none at all', async () => {
    answer = async () => assert.fail('away')
    assert.equal(await set.available(), undefined)
    assert.equal(await set.available(), undefined)
    assert.equal(loads, 1)
    clock.advance(1000)
    answer = async () => key('a')
    assert.ok(await set.available())
  })

  test('is read for an unknown key, not more often than the cool-down allows', async () => {
    const first = (await set.available())!
    clock.advance(30_000)
    assert.deepEqual(await Promise.all([set.newerThan(first), set.newerThan(first)]), [undefined, undefined])
    assert.equal(loads, 2)
    answer = async () => key('b')
    assert.equal(await set.newerThan(first), undefined)
    assert.equal(loads, 2)
    clock.advance(30_000)
    const second = await set.newerThan(first)
    assert.ok(second)
    assert.equal(await set.newerThan(first), second, 'who still has the old ones gets the new ones at once')
    assert.equal(loads, 3)
  })
})

test('secrets in a key set are left out', () => {
  const text = JSON.stringify({ keys: [{ kty: 'oct', k: 'x' }, { kty: 'RSA' }, null, 'EC', { kty: 'OKP' }] })
  assert.deepEqual(parseKeySet(text), { keys: [{ kty: 'RSA' }, { kty: 'OKP' }] })
})

for (const [text, message] of [
  ['<html>', /not JSON/],
  ['null', /without a list "keys"/],
  ['{"keys":{}}', /without a list "keys"/],
  ['{"keys":[{"kty":"oct","k":"x"}]}', /no public key/],
] as const)
  test(`${text} is no key set`, () => assert.throws(() => parseKeySet(text), message))
