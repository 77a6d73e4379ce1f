import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IDS_PER_SOURCE, MAX_SOURCE, recordId, sourceKey } from './record-id.ts'

const place = fc.record({ sequence: fc.nat({ max: 2 ** 31 - 1 }), index: fc.nat({ max: 2 ** 17 }) })

test('two places in a spool share an id only when they belong to different sources', () => {
  fc.assert(
    fc.property(place, place, (a, b) => {
      fc.pre(a.sequence !== b.sequence || a.index !== b.index)
      const [one, other] = [a, b].map(it => ({
        ...sourceKey(it.sequence, it.index),
        id: recordId(1, it.sequence, it.index),
      }))
      return one!.id !== other!.id || one!.era !== other!.era || one!.part !== other!.part
    }),
  )
})

test('ids of one source ascend with sequence and index, and stay within the source', () => {
  assert.ok(recordId(3, 1, 0) < recordId(3, 1, 1) && recordId(3, 1, 32767) < recordId(3, 2, 0))
  assert.equal(recordId(3, 0, 0), 3 * IDS_PER_SOURCE)
  assert.equal(recordId(3, 2 ** 28 - 1, 2 ** 15 - 1) + 1, 4 * IDS_PER_SOURCE)
  assert.ok(Number.isSafeInteger(recordId(MAX_SOURCE, 2 ** 28 - 1, 2 ** 15 - 1)))
})
