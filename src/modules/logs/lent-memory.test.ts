import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LentMemory } from './lent-memory.ts'

const PIECE = 1024

describe('lent memory', () => {
  it('is read into again when its last user has let it go, and not before', () => {
    const pool = new LentMemory(PIECE, 4)
    const first = pool.take(PIECE)
    first.keep()
    first.letGo()
    const second = pool.take(PIECE)
    assert.notEqual(second.bytes, first.bytes)
    first.letGo()
    assert.equal(pool.take(PIECE).bytes, first.bytes)
  })

  it('has room for what was asked for', () => {
    const pool = new LentMemory(PIECE, 4)
    for (const bytes of [0, 1, PIECE / 2, PIECE, PIECE + 1, 10 * PIECE])
      assert.ok(pool.take(bytes).bytes.length >= bytes)
  })

  for (const bytes of [PIECE / 2 - 1, PIECE + 1]) {
    it(`is not kept when ${bytes} bytes were asked for: no more is taken than is used`, () => {
      const pool = new LentMemory(PIECE, 4)
      const odd = pool.take(bytes)
      assert.equal(odd.bytes.buffer.byteLength, bytes)
      odd.letGo()
      assert.notEqual(pool.take(bytes).bytes, odd.bytes)
    })
  }

  it('keeps no more spare pieces than it may', () => {
    const pool = new LentMemory(PIECE, 2)
    const pieces = Array.from({ length: 3 }, () => pool.take(PIECE))
    const known = new Set(pieces.map(({ bytes }) => bytes))
    for (const piece of pieces) piece.letGo()
    const again = pieces.map(() => pool.take(PIECE).bytes)
    assert.equal(again.filter(bytes => known.has(bytes)).length, 2)
  })

  it('refuses to be let go more often than kept, and to be kept afterwards', () => {
    const piece = new LentMemory(PIECE, 4).take(PIECE)
    piece.letGo()
    assert.throws(() => piece.letGo(), /more often/)
    assert.throws(() => piece.keep(), /cannot be kept/)
  })
})
