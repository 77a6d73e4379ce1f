import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { inParts, isLong } from './long-body.ts'

const PART_BYTES = 128 * 1024

describe('a long body', () => {
  const bodies = [
    { what: 'no buffer', lengths: [], long: false },
    { what: 'many short ones', lengths: [1000, PART_BYTES, 1000], long: false },
    { what: 'a long one among them', lengths: [10, PART_BYTES + 1], long: true },
  ]
  for (const { what, lengths, long } of bodies) {
    test(`is ${long ? '' : 'not '}one of ${what}`, () => {
      assert.equal(isLong(lengths.map(length => Buffer.alloc(length))), long)
    })
  }

  test('comes in parts of bounded size that are all of it, without a copy', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 3 * PART_BYTES }), { maxLength: 4 }),
      async lengths => {
        const buffers = lengths.map((length, n) => Buffer.alloc(length, n + 1))
        const parts: Buffer[] = []
        for await (const part of inParts(buffers)) parts.push(part)
        assert.ok(parts.every(({ length }) => length <= PART_BYTES))
        assert.ok(parts.every(part => buffers.some(({ buffer }) => buffer === part.buffer)))
        assert.ok(Buffer.concat(parts).equals(Buffer.concat(buffers)))
      },
    )
    await fc.assert(property, { numRuns: 30 })
  })

  test('leaves the loop a turn between two parts, and none behind the last one', async () => {
    const order: string[] = []
    const others = () => order.push('others')
    for await (const part of inParts([Buffer.alloc(2 * PART_BYTES + 1)])) {
      order.push(String(part.length))
      setImmediate(others)
    }
    order.push('end')
    assert.deepEqual(order, [`${PART_BYTES}`, 'others', `${PART_BYTES}`, 'others', '1', 'end'])
  })
})
