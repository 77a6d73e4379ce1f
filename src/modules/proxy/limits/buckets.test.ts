import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Buckets } from './buckets.ts'

const never = () => assert.fail('nothing is to be evicted')

function ask(buckets: Buckets, key: string, nowMs: number): boolean {
  const slot = buckets.slot(key, nowMs)
  if (buckets.waitMs(slot, nowMs) > 0) return false
  buckets.take(slot, nowMs)
  return true
}

test('a burst passes at once, then one request an interval', () => {
  const buckets = new Buckets(100, 3, 10, never)
  assert.deepEqual(
    [0, 0, 0, 0, 99, 100, 100, 250, 300, 300].map(at => ask(buckets, 'a', at)),
    [...[true, true, true, false, false, true, false, true, true, false]],
  )
})

test('says how long to wait, what is left, and when all is back', () => {
  const buckets = new Buckets(100, 3, 10, never)
  for (let i = 0; i < 3; i++) ask(buckets, 'a', 1000)
  const slot = buckets.find('a')!
  assert.equal(buckets.waitMs(slot, 1040), 60)
  assert.equal(buckets.resetMs(slot, 1040), 260)
  assert.equal(buckets.remaining(slot, 1040), 0)
  assert.equal(buckets.remaining(slot, 1100), 1)
  assert.equal(buckets.remaining(slot, 9999), 3)
  assert.equal(buckets.resetMs(slot, 9999), 0)
})

test('keys have buckets of their own; asking for an unknown one makes none', () => {
  const buckets = new Buckets(100, 1, 10, never)
  assert.deepEqual([ask(buckets, 'a', 0), ask(buckets, 'b', 0), ask(buckets, 'a', 0)], [true, true, false])
  assert.equal(buckets.find('c'), undefined)
  assert.equal(buckets.size, 2)
})

test('the key that was used longest ago makes room; only one that owes is told', () => {
  let evicted = 0
  const buckets = new Buckets(100, 1, 2, () => evicted++)
  ask(buckets, 'a', 0)
  ask(buckets, 'b', 0)
  ask(buckets, 'a', 0)
  ask(buckets, 'c', 0)
  assert.deepEqual([buckets.find('b'), evicted], [undefined, 1])
  ask(buckets, 'd', 500)
  assert.equal(evicted, 1)
  assert.equal(buckets.size, 2)
})

test('never lets more through than the rate and one burst, and always lets through what keeps the rate', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 })
  const intervals = fc.constantFrom(0.001, 0.1, 1 / 3, 7, 100, 1000 / 30)
  fc.assert(
    fc.property(steps, intervals, fc.integer({ min: 1, max: 20 }), (waits, intervalMs, burst) => {
      const buckets = new Buckets(intervalMs, burst, 1, never)
      let nowMs = 1e9
      let passed = 0
      for (const waitMs of waits) {
        nowMs += waitMs
        if (ask(buckets, 'a', nowMs)) passed++
        else assert.ok(buckets.waitMs(0, nowMs) <= intervalMs + 1e-3)
        assert.ok(passed <= burst + (nowMs - 1e9) / intervalMs + 1)
      }
      assert.ok(ask(buckets, 'a', nowMs + intervalMs))
    }),
  )
})

test('forgets as a list in the order of use would', () => {
  const keys = fc.array(fc.integer({ min: 0, max: 9 }).map(String), { maxLength: 100 })
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 6 }), (used, max) => {
      const buckets = new Buckets(1, 1, max, () => {})
      let model: string[] = []
      for (const key of used) {
        ask(buckets, key, 0)
        model = [...model.filter(each => each !== key), key].slice(-max)
        assert.equal(buckets.size, model.length)
        for (let each = 0; each < 10; each++)
          assert.equal(buckets.find(String(each)) !== undefined, model.includes(String(each)))
      }
    }),
  )
})
