import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { compileStrftime, type FormatTime } from './strftime.ts'
import { compileStrptime, type ParseTime } from './strptime.ts'

const moment = Date.UTC(2026, 0, 2, 15, 4, 5, 67)

describe('strftime', () => {
  const table: [string, string][] = [
    ['%Y.%m.%d', '2026.01.02'],
    ['a/%F/%T.%Lb', 'a/2026-01-02/15:04:05.067b'],
    ['%y %e %j %I %p', '26  2 002 03 PM'],
    ['%b %h %B %a %A', 'Jan Jan January Fri Friday'],
    ['%s', String(Math.floor(moment / 1000))],
    ['%3N %6N %9N', '067 067000 067000000'],
    ['%z %Z 100%%', '+0000 UTC 100%'],
    ['%R %D', '15:04 01/02/26'],
    ['', ''],
  ]
  for (const [form, text] of table) {
    test(`writes ${JSON.stringify(form)}`, () =>
      assert.equal((compileStrftime(form) as FormatTime)(moment), text))
  }

  for (const [form, directive, at] of [
    ['%Q', '%Q', 0],
    ['a%', '%', 1],
    ['%Y%5N', '%5', 2],
  ] as const) {
    test(`says what is unknown in ${form}`, () => assert.deepEqual(compileStrftime(form), { directive, at }))
  }

  test('writes a moment that has no date as the epoch', () => {
    const write = compileStrftime('%F') as FormatTime
    for (const timeMs of [Number.NaN, Number.POSITIVE_INFINITY, 1e18, -1e18])
      assert.equal(write(timeMs), '1970-01-01')
  })

  test('is read back by strptime', () => {
    const form = '%Y-%m-%d %H:%M:%S.%L %z'
    const write = compileStrftime(form) as FormatTime
    const read = compileStrptime(form) as ParseTime
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), timeMs => {
        const bytes = Buffer.from(write(timeMs))
        assert.equal(read(bytes, 0, bytes.length, 0), timeMs)
      }),
    )
  })
})
