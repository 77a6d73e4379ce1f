import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { editDistance, nearest } from './suggest.ts'

const known = ['timeout', 'listen', 'url', 'maxLine', 'maxBody']
const cases: [string, string | undefined][] = [
  ['timout', 'timeout'],
  ['tiemout', 'timeout'],
  ['TIMEOUT', 'timeout'],
  ['time', 'timeout'],
  ['lisen', 'listen'],
  ['ulr', 'url'],
  ['uri', 'url'],
  ['max', undefined],
  ['abc', undefined],
  ['flavour', undefined],
  ['', undefined],
]

for (const [word, meant] of cases) {
  test(`"${word}" ${meant ? `suggests ${meant}` : 'suggests nothing'}`, () =>
    assert.equal(nearest(word, known), meant))
}

test('the distance is symmetric, zero only for equal words and at most the longer length', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      const distance = editDistance(a, b)
      assert.equal(distance, editDistance(b, a))
      assert.equal(distance === 0, a === b)
      assert.ok(distance <= Math.max(a.length, b.length))
    }),
  )
})
