import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { renewAtMs, retryAfterMs } from './renewal.ts'

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('a certificate is renewed between 50 and 70 % of its life', () => {
  assert.equal(renewAtMs(1000, 2000, 0), 1500)
  fc.assert(
    fc.property(unit, random => {
      const atMs = renewAtMs(1000, 2000, random)
      assert.ok(atMs >= 1500 && atMs <= 1700)
    }),
  )
})

test('pauses double, are half random, and never exceed five minutes', () => {
  assert.deepEqual(
    [1, 2, 3, 9, 10, 1000].map(failures => retryAfterMs(failures, 0)),
    [500, 1000, 2000, 128_000, 150_000, 150_000],
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), unit, (failures, random) => {
      const ms = retryAfterMs(failures, random)
      assert.ok(ms >= 500 && ms <= 300_000)
    }),
  )
})
