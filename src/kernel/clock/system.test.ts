import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './system.ts'

const clock = systemClock()

test('now is the wall clock, monotonic goes forward', async () => {
  assert.ok(Math.abs(clock.now() - Date.now()) < 1000)
  const before = clock.monotonic()
  await clock.sleep(2)
  assert.ok(clock.monotonic() > before)
})

test('a cancelled timer does not call', async () => {
  let calls = 0
  clock.timeout(1, () => calls++).cancel()
  clock.interval(1, () => calls++).cancel()
  await clock.sleep(5)
  assert.equal(calls, 0)
})

test('a sleep ends with the reason of its signal', async () => {
  const stop = new AbortController()
  const sleep = clock.sleep(60_000, stop.signal)
  stop.abort(new Error('enough'))
  await assert.rejects(sleep, /enough/)
  await assert.rejects(clock.sleep(1, stop.signal), /enough/)
})
