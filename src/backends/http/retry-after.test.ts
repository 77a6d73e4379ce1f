import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseRetryAfter } from './retry-after.ts'

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 1)
  const table: [string | undefined, number | undefined][] = [
    ['3', 3000],
    [' 0 ', 0],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5000],
    ['Thu, 01 Jan 2026 00:00:00 GMT', 0],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['86400', 600_000],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ]
  for (const [value, expected] of table) {
    test(`${value} is ${expected} ms`, () => assert.equal(parseRetryAfter(value, now), expected))
  }
})
