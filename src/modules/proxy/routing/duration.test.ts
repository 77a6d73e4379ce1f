import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DURATION, durationMs } from './duration.ts'

const durations: [string, number][] = [
  ['0s', 0],
  ['500ms', 500],
  ['10s', 10_000],
  ['1h30m', 5_400_000],
  ['1m2s3ms', 62_003],
  ['10s5m', 310_000],
]

for (const [text, ms] of durations) {
  test(`${text} is ${ms} ms`, () => {
    assert.match(text, DURATION)
    assert.equal(durationMs(text), ms)
  })
}

for (const text of ['', '10', '1.5s', '-1s', '1d', '100000s', '1h1m1s1ms1s', '1 s', '1us']) {
  test(`"${text}" is no duration`, () => assert.doesNotMatch(text, DURATION))
}
