import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from './fake.ts'

test('timers run when they are due, in order, each at its own moment', () => {
  const clock = new FakeClock(1000)
  const seen: [string, number][] = []
  const note = (what: string) => () => seen.push([what, clock.now()])
  clock.timeout(30, note('late'))
  clock.timeout(10, note('early'))
  clock.interval(12, note('tick'))
  clock.timeout(50, note('never')).cancel()
  clock.advance(30)
  assert.deepEqual(seen, [
    ['early', 1010],
    ['tick', 1012],
    ['tick', 1024],
    ['late', 1030],
  ])
  assert.equal(clock.now(), 1030)
  assert.equal(clock.monotonic(), 30)
  assert.equal(clock.nextMs, 6)
})

test('a timer that sets a timer is followed within one advance', () => {
  const clock = new FakeClock()
  let count = 0
  const again = () => {
    count++
    clock.timeout(10, again)
  }
  clock.timeout(10, again)
  clock.advance(35)
  assert.equal(count, 3)
})

test('elapse lets promises settle between timers', async () => {
  const clock = new FakeClock()
  const at: number[] = []
  const work = (async () => {
    for (let i = 0; i < 3; i++) {
      await clock.sleep(10)
      at.push(clock.monotonic())
    }
  })()
  await clock.elapse(30)
  await work
  assert.deepEqual(at, [10, 20, 30])
  assert.equal(clock.pending, 0)
})

test('a sleep that is aborted rejects with the reason and leaves no timer', async () => {
  const clock = new FakeClock()
  const stop = new AbortController()
  const sleep = clock.sleep(10, stop.signal)
  stop.abort(new Error('enough'))
  await assert.rejects(sleep, /enough/)
  await assert.rejects(clock.sleep(10, stop.signal), /enough/)
  assert.equal(clock.pending, 0)
})

test('the wall clock may jump without moving timers', () => {
  const clock = new FakeClock()
  let called = false
  clock.timeout(10, () => {
    called = true
  })
  clock.setWall(5)
  assert.equal(clock.now(), 5)
  clock.advance(9)
  assert.equal(called, false)
  assert.equal(clock.now(), 14)
})
