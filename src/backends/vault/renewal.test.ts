import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { expiryPause, graceSpan, LoginPauses, renewalPause } from './renewal.ts'

const hour = 3_600_000

test('a lease is renewed after two thirds of what is left, and the grace counts a third', () => {
  assert.equal(renewalPause({ remainingMs: hour, durationMs: hour }, 0), (hour * 2) / 3 + (hour * 0.1) / 3)
  assert.equal(renewalPause({ remainingMs: hour, durationMs: hour }, 1), (hour * 2) / 3 + (hour * 0.2) / 3)
})

test('a lease whose end is nearer than its grace is not renewed again', () => {
  assert.equal(renewalPause({ remainingMs: hour * 0.1, durationMs: hour }, 0), undefined)
  assert.equal(renewalPause({ remainingMs: hour * 0.2, durationMs: hour }, 1), undefined)
  assert.equal(renewalPause({ remainingMs: hour * 0.35, durationMs: hour }, 0) === undefined, true)
})

test('the grace is reckoned from what was asked for where that is less', () =>
  assert.equal(
    renewalPause({ remainingMs: hour, durationMs: hour, incrementMs: hour / 2 }, 0),
    (hour * 2) / 3 + (hour * 0.05) / 3,
  ))

test('a renewal always leaves more than the grace, so that a new credential is there before the old one ends', () =>
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 1e10, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (durationMs, left, random) => {
        const remainingMs = durationMs * left
        const pauseMs = renewalPause({ remainingMs, durationMs }, random)
        if (pauseMs === undefined) return
        assert.ok(pauseMs > 0 && remainingMs - pauseMs > durationMs * 0.1)
      },
    ),
  ))

test('a lease that nears its greatest time is left while a tenth of it is there, after few renewals', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 60, max: 86_400 }),
      fc.integer({ min: 1, max: 20 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (seconds, times, random) => {
        const durationMs = seconds * 1000
        const maxMs = durationMs * times
        let [nowMs, spanMs, grantedMs] = [0, durationMs, durationMs]
        for (let renewals = 0; ; renewals++) {
          const pauseMs = renewalPause({ remainingMs: grantedMs, durationMs: spanMs }, random)
          if (pauseMs === undefined) {
            assert.ok(grantedMs > 0.05 * durationMs, `${grantedMs} ms are left of ${durationMs}`)
            assert.ok(renewals <= 2 * times + 4, `${renewals} renewals`)
            return
          }
          nowMs += pauseMs
          const renewedMs = Math.min(durationMs, maxMs - nowMs)
          spanMs = graceSpan(spanMs, grantedMs, renewedMs)
          grantedMs = renewedMs
        }
      },
    ),
  ))

test('what cannot be renewed is asked for between 85 and 95 % of its time', () => {
  assert.equal(expiryPause(1000, 0), 850)
  assert.equal(expiryPause(1000, 0.5), 900)
  assert.equal(Math.round(expiryPause(1000, 1)), 950)
  assert.equal(expiryPause(300_000, 0), 255_000)
})

test('logins that fail wait longer each time, a quarter of it at random, and begin anew after one that works', () => {
  const pauses = new LoginPauses({ minMs: 1000, maxMs: 5000 })
  assert.deepEqual(
    [0, 0, 0, 0, 1].map(random => pauses.next(random)),
    [1000, 2000, 4000, 5000, 3750],
  )
  pauses.reset()
  assert.equal(pauses.next(0), 1000)
})
