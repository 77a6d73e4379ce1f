import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalJson } from './canonical.ts'

test('the order of keys does not matter, that of a list does', () => {
  assert.equal(canonicalJson({ b: [2, 1], a: { d: null, c: 'x' } }), '{"a":{"c":"x","d":null},"b":[2,1]}')
})

test('it is JSON of the same value, and the same text when read again', () => {
  fc.assert(
    fc.property(fc.jsonValue({ depthSize: 'medium' }), value => {
      const text = canonicalJson(value)
      const again = JSON.parse(text)
      assert.deepEqual(again, JSON.parse(JSON.stringify(value)))
      assert.equal(canonicalJson(again), text)
    }),
  )
})
