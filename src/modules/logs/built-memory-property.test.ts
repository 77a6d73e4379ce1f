import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Batch } from './batch.ts'
import { LentMemory } from './lent-memory.ts'
import type { Lines } from './lines.ts'
import { linesOf, recordsOf } from './lines-fake.ts'
import { processorOf } from './processor-fake.ts'

/** Spoils what nobody should look at any more. */
class Poisoned extends LentMemory {
  override give(bytes: Buffer): void {
    bytes.fill(0xee)
    super.give(bytes)
  }
}

/** What each makes of lines: nothing new, some records, all of them, more records than lines, several tags. */
const kinds: readonly { readonly format: object; readonly steps: readonly object[] }[] = [
  { format: { format: 'json' }, steps: [] },
  { format: { format: 'raw' }, steps: [] },
  {
    format: { format: 'json' },
    steps: [{ only: { when: 'n > 30', steps: [{ add: { fields: { more: 'x'.repeat(300) } } }] } }],
  },
  { format: { format: 'regex', pattern: '"n":(?<n>\\d+)' }, steps: [] },
  { format: { format: 'json' }, steps: [{ retag: [{ field: 'tag', to: '{tag}', keep: true }] }] },
  { format: { format: 'json' }, steps: [{ drop: 'n < 20' }, { add: { fields: { b: 1 } } }] },
]

const line = fc.record({ n: fc.nat({ max: 40 }), tag: fc.constantFrom('a', 'b', 'test'), text: fc.string() })
const read = fc.record({
  kind: fc.nat({ max: kinds.length - 1 }),
  lines: fc.array(line, { maxLength: 150 }),
  /** How many of the batches that are held are let go first. */
  letGo: fc.nat({ max: 4 }),
})

interface Held {
  readonly batch: Batch
  readonly records: readonly string[]
  readonly timesMs: readonly number[]
}

test('what batches are built in stays theirs until they let it go', () => {
  fc.assert(
    fc.property(fc.array(read, { minLength: 1, maxLength: 12 }), reads => {
      const pool = new Poisoned(16 * 1024, 1 << 20)
      const plain = kinds.map(({ format, steps }) => processorOf(format, steps))
      const lent = kinds.map(({ format, steps }) => processorOf(format, steps, { memory: pool }))
      const held: Held[] = []
      const letGo = ({ batch, records, timesMs }: Held) => {
        assert.deepEqual(recordsOf(batch), records)
        assert.deepEqual([...batch.timesMs.subarray(0, batch.count)], timesMs)
        batch.memory?.letGo()
      }
      for (const { kind, lines, letGo: count } of reads) {
        for (const one of held.splice(0, count)) letGo(one)
        const text = lines.map(one => JSON.stringify(one)).join('\n')
        const expected = plain[kind].batches(linesOf(text))
        const own = inMemoryOf(pool, linesOf(text))
        const batches = lent[kind].batches(own)
        own.memory?.letGo()
        assert.deepEqual(
          batches.map(({ origin, count }) => [origin, count]),
          expected.map(({ origin, count }) => [origin, count]),
        )
        for (const [n, batch] of batches.entries())
          held.push({ batch, records: recordsOf(expected[n]), timesMs: timesOf(expected[n]) })
      }
      for (const one of held) letGo(one)
    }),
    { numRuns: process.env['CI'] === 'true' ? 300 : 50 },
  )
})

function timesOf({ timesMs, count }: Batch): number[] {
  return [...timesMs.subarray(0, count)]
}

function inMemoryOf(pool: LentMemory, lines: Lines): Lines {
  const memory = pool.take(lines.bytes.length)
  memory.bytes.set(lines.bytes)
  return { ...lines, bytes: memory.bytes, memory }
}
