import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  durationPattern,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  sizePattern,
} from './units.ts'

const durations: [string, number | undefined][] = [
  ['500ms', 500],
  ['5s', 5_000],
  ['1.5s', 1_500],
  ['1m', 60_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['1h30m', 5_400_000],
  ['1d2h3m4s5ms', 93_784_005],
  ['0s', 0],
  ['', undefined],
  ['5', undefined],
  ['s', undefined],
  ['-5s', undefined],
  ['5 s', undefined],
  ['30m1h', undefined],
  ['1.5ms', undefined],
  ['99999999999999d', undefined],
]

for (const [text, ms] of durations) {
  test(`the duration "${text}" is ${ms === undefined ? 'refused' : `${ms} ms`}`, () => {
    assert.equal(parseDuration(text), ms)
    // The pattern knows no upper bound.
    if (!text.startsWith('9999')) assert.equal(new RegExp(durationPattern).test(text), ms !== undefined)
  })
}

const sizes: [string, number | undefined][] = [
  ['0B', 0],
  ['10B', 10],
  ['64KiB', 65_536],
  ['1.5MiB', 1_572_864],
  ['1 GiB', 1_073_741_824],
  ['10MB', 10_000_000],
  ['64K', undefined],
  ['64kb', undefined],
  ['64', undefined],
  ['', undefined],
  ['-1MiB', undefined],
  ['MiB', undefined],
  ['99999999TiB', undefined],
]

for (const [text, bytes] of sizes) {
  test(`the size "${text}" is ${bytes === undefined ? 'refused' : `${bytes} bytes`}`, () => {
    assert.equal(parseSize(text), bytes)
    if (!text.startsWith('9999')) assert.equal(new RegExp(sizePattern).test(text), bytes !== undefined)
  })
}

test('what is formatted is read back', () => {
  fc.assert(fc.property(fc.maxSafeNat(), ms => parseDuration(formatDuration(ms)) === ms))
  fc.assert(fc.property(fc.maxSafeNat(), bytes => parseSize(formatSize(bytes)) === bytes))
})

test('sizes are formatted in the largest unit that divides them', () => {
  assert.deepEqual([0, 1000, 1024, 1_048_576, 1_500_000].map(formatSize), [
    '0B',
    '1000B',
    '1KiB',
    '1MiB',
    '1500000B',
  ])
})
