import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../kernel/clock/fake.ts'
import { RateLimit } from './rate-limit.ts'

test('a burst, then as many as time brings; names do not share', () => {
  const clock = new FakeClock()
  const limit = new RateLimit(clock, 2, 0.5)
  assert.deepEqual([limit.take('a'), limit.take('a'), limit.take('a')], [true, true, false])
  assert.equal(limit.take('b'), true)
  clock.advance(1000)
  assert.equal(limit.take('a'), false)
  clock.advance(1000)
  assert.equal(limit.take('a'), true)
  clock.advance(3600_000)
  assert.deepEqual([limit.take('a'), limit.take('a'), limit.take('a')], [true, true, false])
})

test('the number of names is bounded: the one used longest ago is forgotten', () => {
  const limit = new RateLimit(new FakeClock(), 1, 0, 2)
  for (const name of ['a', 'b', 'c']) assert.equal(limit.take(name), true)
  assert.equal(limit.take('c'), false)
  assert.equal(limit.take('a'), true)
})
