import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpareMemory } from './spare-memory.ts'

const LARGE = 1024 * 1024

test('memory that was given back is used again for what fits', () => {
  const spare = new SpareMemory()
  const first = spare.take(LARGE)
  spare.give(first)
  assert.ok(spare.take(LARGE - 1) === first)
})

test('memory is lent to one at a time', () => {
  const spare = new SpareMemory()
  const first = spare.take(LARGE)
  spare.give(first)
  assert.ok(spare.take(LARGE) === first)
  assert.ok(spare.take(LARGE) !== first)
})

test('what is too small is not used, and all that comes later is large enough', () => {
  const spare = new SpareMemory()
  const small = spare.take(LARGE)
  spare.give(small)
  const large = spare.take(LARGE + 1)
  assert.ok(large.length > LARGE)
  spare.give(large)
  assert.ok(spare.take(LARGE) === large)
  const next = spare.take(LARGE)
  assert.equal(next.length, large.length)
})

test('no more than four pieces are kept, the newest', () => {
  const spare = new SpareMemory()
  const pieces = Array.from({ length: 5 }, () => spare.take(LARGE))
  for (const piece of pieces) spare.give(piece)
  const again = Array.from({ length: 5 }, () => spare.take(LARGE))
  assert.deepEqual(
    again.map(piece => pieces.indexOf(piece)),
    [4, 3, 2, 1, -1],
  )
})

test('small pieces are not kept', () => {
  const spare = new SpareMemory()
  const small = spare.take(1000)
  assert.equal(small.length, 1000)
  spare.give(small)
  assert.ok(spare.take(1000) !== small)
})
