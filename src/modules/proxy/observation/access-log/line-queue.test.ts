import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { CounterSeries } from '../../../../kernel/metrics/series.ts'
import { LineQueue, type LineTarget } from './line-queue.ts'

/** A place that takes lines when the test lets it. */
class HeldTarget implements LineTarget {
  readonly writes: string[] = []
  closed = false
  #done: PromiseWithResolvers<void> | undefined

  write(lines: Buffer, signal: AbortSignal): Promise<void> {
    this.writes.push(lines.toString())
    const done = Promise.withResolvers<void>()
    this.#done = done
    signal.addEventListener('abort', () => done.reject(signal.reason))
    return done.promise
  }

  /** The write that is under way is over. */
  async over(error?: Error): Promise<void> {
    if (error === undefined) this.#done!.resolve()
    else this.#done!.reject(error)
    await new Promise(setImmediate)
  }

  async close(): Promise<void> {
    this.closed = true
  }
}

function setUp(maxBytes = 1024 * 1024) {
  const clock = new FakeClock()
  const target = new HeldTarget()
  const written = new CounterSeries()
  const dropped = new CounterSeries()
  const failures: Error[] = []
  const onFailure = (error: Error) => failures.push(error)
  const queue = new LineQueue({ target, clock, maxBytes, written, dropped, onFailure })
  return { clock, target, written, dropped, failures, queue }
}

describe('lines', () => {
  test('that come within a tenth of a second are one write', async () => {
    const { clock, target, written, queue } = setUp()
    queue.put('a\n')
    clock.advance(50)
    queue.put('b\n')
    assert.deepEqual(target.writes, [])
    clock.advance(50)
    assert.deepEqual(target.writes, ['a\nb\n'])
    await target.over()
    assert.equal(written.value, 2)
  })

  test('are written at once when they are many', () => {
    const { target, queue } = setUp()
    queue.put(`${'x'.repeat(70_000)}\n`)
    assert.equal(target.writes.length, 1)
  })

  test('wait while a write is under way, however long it takes', async () => {
    const { clock, target, queue } = setUp()
    queue.put('a\n')
    clock.advance(100)
    queue.put('b\n')
    clock.advance(10_000)
    assert.deepEqual(target.writes, ['a\n'])
    await target.over()
    clock.advance(100)
    assert.deepEqual(target.writes, ['a\n', 'b\n'])
  })

  test('that do not fit are dropped and counted', () => {
    const { dropped, queue, clock, target } = setUp(10)
    queue.put('12345678\n')
    queue.put('12\n')
    queue.put('1')
    assert.equal(dropped.value, 1)
    clock.advance(100)
    assert.deepEqual(target.writes, ['12345678\n1'])
  })

  test('of a write that failed are counted as dropped, and the next ones are written', async () => {
    const { clock, target, dropped, written, failures, queue } = setUp()
    queue.put('a\n')
    queue.put('b\n')
    clock.advance(100)
    await target.over(new Error('no space'))
    assert.equal(dropped.value, 2)
    assert.equal(failures.length, 1)
    queue.put('c\n')
    clock.advance(100)
    await target.over()
    assert.equal(written.value, 1)
  })

  test('that wait at the end are written before the place is let go', async () => {
    const { target, queue } = setUp()
    queue.put('a\n')
    const closing = queue.close()
    assert.deepEqual(target.writes, ['a\n'])
    await target.over()
    await closing
    assert.equal(target.closed, true)
  })

  test('that nobody reads do not keep the end waiting', async () => {
    const { clock, target, dropped, queue } = setUp()
    queue.put('a\n')
    const closing = queue.close()
    clock.advance(2000)
    await closing
    assert.equal(target.closed, true)
    assert.equal(dropped.value, 1)
  })
})
