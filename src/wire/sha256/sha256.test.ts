import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { sha256 } from './sha256.ts'

test('agrees with the hash of the runtime for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
      assert.equal(sha256(text), createHash('sha256').update(text).digest('hex'))
    }),
  )
})

for (const length of [0, 55, 56, 63, 64, 119, 120, 10_000]) {
  test(`pads a message of ${length} bytes as the standard says`, () => {
    const text = 'x'.repeat(length)
    assert.equal(sha256(text), createHash('sha256').update(text).digest('hex'))
  })
}
