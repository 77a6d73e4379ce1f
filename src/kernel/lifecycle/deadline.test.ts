import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../clock/fake.ts'
import { deadlineIn, within } from './deadline.ts'

test('a deadline counts down to its signal', () => {
  const clock = new FakeClock()
  const deadline = deadlineIn(clock, 100)
  clock.advance(60)
  assert.equal(deadline.remainingMs(), 40)
  assert.equal(deadline.signal.aborted, false)
  clock.advance(60)
  assert.equal(deadline.remainingMs(), 0)
  assert.equal(deadline.signal.aborted, true)
})

test('it may be brought forward, and frees its timer', () => {
  const clock = new FakeClock()
  const deadline = deadlineIn(clock, 100)
  deadline.cut()
  assert.equal(deadline.remainingMs(), 0)
  assert.equal(deadline.signal.aborted, true)
  deadline[Symbol.dispose]()
  assert.equal(clock.pending, 0)
})

test('work is waited for no longer than the deadline allows', async () => {
  const stop = new AbortController()
  const never = new Promise(() => {})
  assert.equal(await within(stop.signal, Promise.resolve()), true)
  const waiting = within(stop.signal, never)
  stop.abort()
  assert.equal(await waiting, false)
  assert.equal(await within(stop.signal, never), false)
  assert.equal(await within(stop.signal, Promise.resolve()), true)
})

test("work that fails in time is the caller's to handle; work that fails later is nobody's", async () => {
  const stop = new AbortController()
  await assert.rejects(within(stop.signal, Promise.reject(new Error('no'))), /no/)
  const late = Promise.withResolvers<void>()
  const waiting = within(stop.signal, late.promise)
  stop.abort()
  assert.equal(await waiting, false)
  late.reject(new Error('late'))
  await new Promise(resolve => setImmediate(resolve))
})
