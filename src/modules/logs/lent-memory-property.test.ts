import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Batch, Slice } from './batch.ts'
import { startDelivery } from './delivery/delivery.ts'
import { MemoryDeadLetters, ScriptedOutput } from './delivery/delivery-fake.ts'
import { LentMemory } from './lent-memory.ts'
import type { Outcome } from './outputs/output.ts'
import { fakeBatch, recordsOf } from './spool/batch-fake.ts'
import { spoolFixture } from './spool/spool-fake.ts'

const PIECE_BYTES = 1024

/** Spoils what nobody should look at any more. */
class Poisoned extends LentMemory {
  given = 0

  override give(bytes: Buffer): void {
    bytes.fill(0xee)
    this.given++
    super.give(bytes)
  }
}

const step = fc.constantFrom('done', 'done', 'retry some', 'reject some', 'failed', 'too_large', 'throws')
const scenario = fc.record({
  batches: fc.array(fc.integer({ min: 10, max: 16 }), { minLength: 1, maxLength: 20 }),
  /** So little that some frames are read from the disk again. */
  memoryBytes: fc.integer({ min: 1, max: 6000 }),
  outputs: fc.array(
    fc.record({
      script: fc.array(step, { maxLength: 12 }),
      maxRecords: fc.integer({ min: 1, max: 30 }),
      maxInFlightBytes: fc.integer({ min: 1, max: 4000 }),
      concurrency: fc.integer({ min: 1, max: 3 }),
      turns: fc.nat({ max: 6 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
})

test('no record is looked at when its memory has been let go, and all memory is let go in the end', async t => {
  const fixture = await spoolFixture(t)
  const { clock, metrics, log } = fixture.host
  let runs = 0
  const property = fc.asyncProperty(scenario, async ({ batches, memoryBytes, outputs }) => {
    const names = outputs.map((_, n) => `output${n}`)
    const folder = `${fixture.folder}-${++runs}`
    await using spool = await fixture.open({ folder, readers: names, memoryBytes })
    const pool = new Poisoned(PIECE_BYTES, 4 * PIECE_BYTES)
    const letters = new MemoryDeadLetters()
    const arrived = outputs.map(() => new Set<string>())
    const deliveries = outputs.map(({ script, maxRecords, maxInFlightBytes, concurrency, turns }, n) => {
      const limits = { maxBytes: 100_000, maxRecords, maxAgeMs: 0, concurrency }
      const output = new ScriptedOutput(limits, () => clock.monotonic())
      output.answer = async ({ slices, records }, number) => {
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
        assert.deepEqual(slices.flatMap(recordsOf), records, 'nothing is read into the memory of a send')
        const first = [{ ...slices[0]!, to: slices[0]!.from + 1 }]
        const arrive = (from: number) => {
          for (const record of records.slice(from)) arrived[n]!.add(record)
        }
        const outcome = outcomes[script[number - 1] ?? 'done'](first)
        if (outcome.kind === 'done') arrive(outcome.retry || outcome.rejected ? 1 : 0)
        return outcome
      }
      const retry = { baseMs: 1, maxMs: 2 }
      const reader = spool.reader(names[n]!)
      const name = names[n]!
      return startDelivery({
        name,
        reader,
        output,
        maxInFlightBytes,
        retry,
        deadLetters: letters,
        clock,
        metrics,
        log,
      })
    })
    const all: string[] = []
    for (const count of batches) {
      const records = Array.from({ length: count }, (_, n) => `{"record":${all.length + n},"text":"abc"}`)
      all.push(...records)
      const batch = inMemoryOf(pool, fakeBatch(records, { offset: all.length }))
      await spool.append(batch)
      batch.memory!.letGo()
    }
    while (names.some(name => spool.reader(name).unsent().records > 0)) await new Promise(setImmediate)
    for (const delivery of deliveries) await delivery[Symbol.asyncDispose]()
    for (const [n, name] of names.entries()) {
      const buried = letters.letters.filter(({ output }) => output === name).map(({ record }) => record)
      assert.deepEqual(new Set([...arrived[n]!, ...buried]), new Set(all))
    }
    assert.equal(pool.given, batches.length)
  })
  await fc.assert(property, { numRuns: process.env['CI'] === 'true' ? 100 : 30 })
})

const outcomes: Record<string, (first: readonly Slice[]) => Outcome> = {
  done: () => ({ kind: 'done' }),
  'retry some': first => ({ kind: 'done', retry: first }),
  'reject some': first => ({ kind: 'done', rejected: [{ slices: first, reason: 'HTTP 400' }] }),
  failed: () => ({ kind: 'failed', reason: 'HTTP 503' }),
  too_large: () => ({ kind: 'too_large', reason: 'HTTP 413' }),
  throws: () => {
    throw new Error('a bug')
  },
}

function inMemoryOf(pool: LentMemory, batch: Batch): Batch {
  const memory = pool.take(PIECE_BYTES)
  memory.bytes.set(batch.bytes)
  return { ...batch, bytes: memory.bytes, memory }
}
