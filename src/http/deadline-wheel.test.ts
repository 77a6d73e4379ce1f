import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from '../kernel/clock/fake.ts'
import { type Deadline, DeadlineWheel } from './deadline-wheel.ts'

const TICK_MS = 250

class Probe implements Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly expiredMs: number[] = []
  readonly #clock: FakeClock
  constructor(clock: FakeClock) {
    this.#clock = clock
  }
  expire(): void {
    this.expiredMs.push(this.#clock.monotonic())
  }
}

describe('the wheel of deadlines', () => {
  test('is never early and at most two ticks late, also beyond one turn', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 1, max: 60_000 })), {
          minLength: 1,
          maxLength: 20,
        }),
        steps => {
          const clock = new FakeClock()
          const wheel = new DeadlineWheel(clock, TICK_MS)
          const armed = steps.map(([waitMs, afterMs]) => {
            clock.advance(waitMs)
            const probe = new Probe(clock)
            wheel.arm(probe, afterMs)
            return { probe, dueMs: clock.monotonic() + afterMs }
          })
          clock.advance(70_000)
          for (const { probe, dueMs } of armed) {
            assert.equal(probe.expiredMs.length, 1)
            const late = probe.expiredMs[0]! - dueMs
            assert.ok(late >= 0 && late <= 2 * TICK_MS, `${late} ms late`)
          }
          assert.equal(clock.pending, 0, 'the interval has stopped')
        },
      ),
      { numRuns: 200 },
    )
  })

  test('goes by the last moment given, whether it was put off or brought forward', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 2, maxLength: 6 }), moments => {
        const clock = new FakeClock()
        const wheel = new DeadlineWheel(clock, TICK_MS)
        const probe = new Probe(clock)
        for (const afterMs of moments) wheel.arm(probe, afterMs)
        const last = moments.at(-1)!
        clock.advance(50_000)
        assert.equal(probe.expiredMs.length, 1)
        assert.ok(probe.expiredMs[0]! >= last && probe.expiredMs[0]! <= last + 2 * TICK_MS)
      }),
    )
  })

  test('forgets what was disarmed or removed, and stops', () => {
    const clock = new FakeClock()
    const wheel = new DeadlineWheel(clock, TICK_MS)
    const [one, two] = [new Probe(clock), new Probe(clock)]
    wheel.arm(one, 1000)
    wheel.arm(two, 1000)
    wheel.disarm(one)
    wheel.remove(two)
    assert.equal(wheel.size, 1)
    clock.advance(2000)
    assert.deepEqual([one.expiredMs, two.expiredMs, wheel.size, clock.pending], [[], [], 0, 0])
  })

  test('lets what expires arm itself and remove others', () => {
    const clock = new FakeClock()
    const wheel = new DeadlineWheel(clock, TICK_MS)
    const [one, two] = [new Probe(clock), new Probe(clock)]
    const expire = one.expire.bind(one)
    one.expire = () => {
      expire()
      wheel.remove(two)
      if (one.expiredMs.length < 3) wheel.arm(one, 1000)
    }
    wheel.arm(one, 1000)
    wheel.arm(two, 1000)
    clock.advance(10_000)
    assert.equal(one.expiredMs.length, 3)
    assert.equal(two.expiredMs.length, 0)
    assert.equal(clock.pending, 0)
  })
})
