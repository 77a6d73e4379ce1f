import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fakeSlice, recordsOf } from './output-fakes.ts'
import { countBytes, countRecords, selectRecords } from './selection.ts'

describe('a selection of records', () => {
  test('joins neighbours of one frame and keeps frames apart', () => {
    const a = fakeSlice(['a', 'b', 'c', 'd'])
    const b = { ...fakeSlice(['e', 'f', 'g'], { sequence: 2 }), from: 1 }
    const selected = selectRecords([a, b], [0, 1, 3, 4, 5])
    assert.deepEqual(
      selected.map(({ frame, from, to }) => [frame.sequence, from, to]),
      [
        [1, 0, 2],
        [1, 3, 4],
        [2, 1, 3],
      ],
    )
  })

  test('is, for any slices, the records at these places', () => {
    const some = fc.array(fc.constantFrom('"x"', '1', '{}'), { maxLength: 6 })
    fc.assert(
      fc.property(fc.array(some), fc.array(fc.boolean(), { minLength: 40 }), (frames, wanted) => {
        const slices = frames.map((records, i) => fakeSlice(records, { sequence: i + 1 }))
        const all = recordsOf(slices)
        const ordinals = all.map((_, i) => i).filter(i => wanted[i % wanted.length])
        assert.deepEqual(
          recordsOf(selectRecords(slices, ordinals)),
          ordinals.map(i => all[i]),
        )
        assert.equal(countRecords(slices), all.length)
        assert.equal(countBytes(slices), all.join('').length)
      }),
    )
  })
})
