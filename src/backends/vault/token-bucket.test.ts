import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { TokenBucket } from './token-bucket.ts'

const never = new AbortController().signal

test('a burst goes at once, the rest at its rate and in order', async () => {
  const clock = new FakeClock()
  const bucket = new TokenBucket(clock, { perSecond: 10, burst: 5 })
  const went: [number, number][] = []
  for (let n = 0; n < 15; n++) void bucket.take(never).then(() => went.push([n, clock.monotonic()]))
  await clock.elapse(0)
  assert.equal(went.length, 5)
  assert.equal(bucket.waiting, 10)
  await clock.elapse(500)
  assert.equal(went.length, 10)
  await clock.elapse(500)
  assert.deepEqual(
    went.map(([n]) => n),
    Array.from({ length: 15 }, (_, n) => n),
  )
})

test('who gives up waiting gives the turn back', async () => {
  const clock = new FakeClock()
  const bucket = new TokenBucket(clock, { perSecond: 1, burst: 1 })
  await bucket.take(never)
  const stop = new AbortController()
  const waiting = bucket.take(stop.signal)
  stop.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
  assert.equal(bucket.waiting, 0)
  await assert.rejects(bucket.take(stop.signal), /enough/)
})
