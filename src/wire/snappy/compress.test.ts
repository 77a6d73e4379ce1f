import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { uncompress } from 'snappyjs'
import { maxSnappyBytes, snappy, snappyInSteps } from './compress.ts'

function roundTrip(input: Buffer): void {
  const compressed = snappy(input)
  assert.ok(compressed.length <= maxSnappyBytes(input.length))
  assert.ok(input.equals(uncompress(compressed)))
}

describe('snappy', () => {
  const lines = Buffer.from(
    Array.from({ length: 5000 }, (_, n) => `{"n":${n},"level":"info","path":"/api/orders/${n * 7}"}\n`).join(
      '',
    ),
  )
  const table: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from('a')],
    ['a run', Buffer.alloc(200_000, 'a')],
    [
      'runs of every short length',
      Buffer.concat(Array.from({ length: 140 }, (_, n) => Buffer.from(`${'x'.repeat(n)}<${n}>`))),
    ],
    ['lines over several blocks', lines],
    ['exactly one block', lines.subarray(0, 65_536)],
    ['one byte more than a block', lines.subarray(0, 65_537)],
    [
      'what does not compress',
      Buffer.from(Array.from({ length: 100_000 }, (_, n) => Math.imul(n, 2654435761) >>> 24)),
    ],
  ]
  for (const [what, input] of table) test(`gives ${what} back`, () => roundTrip(input))

  test('gives any bytes back', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 90 }),
      fc.constant(Uint8Array.from(Buffer.from('level=info msg='))),
    )
    fc.assert(fc.property(fc.array(piece, { maxLength: 60 }), pieces => roundTrip(Buffer.concat(pieces))))
  })

  test('makes log lines smaller', () => assert.ok(snappy(lines).length < lines.length / 3))

  test('does one block a step', () => {
    let steps = 1
    for (const work = snappyInSteps(lines); !work.next().done; ) steps++
    assert.equal(steps, Math.ceil(lines.length / 65_536))
  })
})
