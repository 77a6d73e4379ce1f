import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Slice } from '../batch.ts'
import { fakeBatch } from '../spool/batch-fake.ts'
import { common, fitting, halves, sliceBytes, totalRecords, without } from './slices.ts'

const frames = [1, 2, 3].map(sequence => ({
  sequence,
  batch: fakeBatch(Array.from({ length: 10 }, (_, n) => 'x'.repeat(n))),
}))

const slice = fc
  .tuple(fc.nat({ max: 2 }), fc.nat({ max: 9 }), fc.nat({ max: 9 }))
  .map(([frame, a, b]): Slice => ({ frame: frames[frame]!, from: Math.min(a, b), to: Math.max(a, b) + 1 }))

/** Slices of a send: no record twice. */
const send = fc.array(slice, { maxLength: 6 }).map(slices => {
  const kept: Slice[] = []
  for (const one of slices) kept.push(...without([one], kept))
  return kept
})

const recordsIn = (slices: readonly Slice[]) =>
  slices.flatMap(({ frame, from, to }) =>
    Array.from({ length: to - from }, (_, i) => `${frame.sequence}.${from + i}`),
  )

test('without and common part the records of a send, keeping their order', () => {
  fc.assert(
    fc.property(send, fc.array(slice), (slices, other) => {
      const named = new Set(recordsIn(other))
      assert.deepEqual(
        recordsIn(without(slices, other)),
        recordsIn(slices).filter(record => !named.has(record)),
      )
      assert.deepEqual(
        recordsIn(common(slices, other)),
        recordsIn(slices).filter(record => named.has(record)),
      )
    }),
  )
})

test('halves have all records in order, and as many each as can be', () => {
  fc.assert(
    fc.property(send, slices => {
      const [first, second] = halves(slices)
      assert.deepEqual(recordsIn([...first, ...second]), recordsIn(slices))
      const difference = totalRecords(second) - totalRecords(first)
      assert.ok(difference === 0 || difference === 1)
    }),
  )
})

test('what fits is as much as the limits allow, and never nothing', () => {
  fc.assert(
    fc.property(slice, fc.nat({ max: 12 }), fc.nat({ max: 60 }), (whole, maxRecords, maxBytes) => {
      const part = fitting(whole, maxRecords, maxBytes)
      const records = part.to - part.from
      assert.equal(part.from, whole.from)
      assert.ok(records >= 1)
      assert.ok(records === 1 || (records <= maxRecords && sliceBytes(part) <= maxBytes))
      if (part.to === whole.to) return
      const more = { ...part, to: part.to + 1 }
      assert.ok(records + 1 > maxRecords || sliceBytes(more) > maxBytes, 'one more would not fit')
    }),
  )
})
