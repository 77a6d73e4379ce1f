import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LentMemory, LentTogether } from './lent-memory.ts'

const PIECE = 16 * 1024

describe('lent memory', () => {
  it('is written into again when its last user has let it go, and not before', () => {
    const pool = new LentMemory(PIECE, 4 * PIECE)
    const first = pool.take(PIECE)
    first.keep()
    first.letGo()
    const second = pool.take(PIECE)
    assert.ok(second.bytes !== first.bytes)
    first.letGo()
    assert.ok(pool.take(PIECE).bytes === first.bytes)
  })

  it('has room for what was asked for', () => {
    const pool = new LentMemory(PIECE, 4 * PIECE)
    for (const bytes of [0, 1, 1024, 1025, PIECE / 2, PIECE, PIECE + 1, 10 * PIECE])
      assert.ok(pool.take(bytes).bytes.length >= bytes)
  })

  it('is little more than what was asked for, when none is spare', () => {
    const pool = new LentMemory(PIECE, 4 * PIECE)
    for (let bytes = 1024; bytes <= PIECE; bytes += 100)
      assert.ok(pool.take(bytes).bytes.length < bytes * 1.5, `${bytes} bytes`)
  })

  for (const { given, asked, isSame } of [
    { given: PIECE, asked: PIECE - 1000, isSame: true },
    { given: PIECE, asked: PIECE * 0.75, isSame: true },
    { given: PIECE, asked: PIECE / 2, isSame: false },
    { given: PIECE / 2, asked: PIECE, isSame: false },
  ]) {
    it(`of ${given} bytes is${isSame ? '' : ' not'} taken again for ${asked}`, () => {
      const pool = new LentMemory(PIECE, 4 * PIECE)
      const before = pool.take(given)
      before.letGo()
      assert.equal(pool.take(asked).bytes === before.bytes, isSame)
    })
  }

  for (const bytes of [1023, PIECE + 1]) {
    it(`is not kept when ${bytes} bytes were asked for: no more is taken than is used`, () => {
      const pool = new LentMemory(PIECE, 4 * PIECE)
      const odd = pool.take(bytes)
      assert.equal(odd.bytes.buffer.byteLength, bytes)
      odd.letGo()
      assert.ok(pool.take(bytes).bytes !== odd.bytes)
    })
  }

  it('keeps no more spare bytes than it may', () => {
    const pool = new LentMemory(PIECE, 2 * PIECE)
    const pieces = Array.from({ length: 3 }, () => pool.take(PIECE))
    const known = new Set(pieces.map(({ bytes }) => bytes))
    for (const piece of pieces) piece.letGo()
    const again = pieces.map(() => pool.take(PIECE).bytes)
    assert.equal(again.filter(bytes => known.has(bytes)).length, 2)
  })

  it('refuses to be let go more often than kept, and to be kept afterwards', () => {
    const piece = new LentMemory(PIECE, 4 * PIECE).take(PIECE)
    piece.letGo()
    assert.throws(() => piece.letGo(), /more often/)
    assert.throws(() => piece.keep(), /cannot be kept/)
  })

  it('of two pieces is kept and let go as one', () => {
    const pool = new LentMemory(PIECE, 4 * PIECE)
    const [first, second] = [pool.take(PIECE), pool.take(PIECE / 2)]
    const both = new LentTogether(first, second)
    assert.equal(both.bytes, first.bytes)
    both.keep()
    both.letGo()
    assert.ok(pool.take(PIECE).bytes !== first.bytes)
    both.letGo()
    assert.ok(pool.take(PIECE).bytes === first.bytes)
    assert.ok(pool.take(PIECE / 2).bytes === second.bytes)
  })
})
