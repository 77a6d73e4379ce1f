import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Slice } from '../batch.ts'
import type { Outcome } from '../outputs/output.ts'
import { fakeBatch, recordsOf } from '../spool/batch-fake.ts'
import { deliveryFixture, type MemoryReader, type Sent } from './delivery-fake.ts'

/** What an output may say of a send; `bits` choose among its records. */
const answers = fc.record({
  kind: fc.constantFrom('done', 'partial', 'failed', 'too_large', 'divide', 'throws' as const),
  bits: fc.array(fc.constantFrom('ok', 'retry', 'reject'), { minLength: 1, maxLength: 9 }),
  afterMs: fc.option(fc.nat({ max: 3000 }), { nil: undefined }),
  takesMs: fc.constantFrom(0, 0, 5, 400),
})

const scenario = fc.record({
  frames: fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 25 }),
  script: fc.array(answers, { maxLength: 40 }),
  limits: fc.record({
    maxRecords: fc.integer({ min: 1, max: 20 }),
    maxBytes: fc.integer({ min: 1, max: 400 }),
    maxAgeMs: fc.constantFrom(0, 50, 1000),
    concurrency: fc.integer({ min: 1, max: 4 }),
  }),
  maxInFlightBytes: fc.integer({ min: 1, max: 2000 }),
  slow: fc.boolean(),
  deadLettersRefuse: fc.boolean(),
})

test('whatever an output answers, every record is delivered or a dead letter, and nothing is acknowledged before', async () => {
  await fc.assert(
    fc.asyncProperty(
      scenario,
      async ({ frames, script, limits, maxInFlightBytes, slow, deadLettersRefuse }) => {
        const { host, reader, output, deadLetters, delivery } = deliveryFixture(undefined, limits, {
          maxInFlightBytes,
        })
        reader.slow = slow
        const arrived = new Set<string>()
        const settled = (record: string) =>
          arrived.has(record) || deadLetters.letters.some(letter => letter.record === record)
        let underWay = 0
        output.answer = async (sent, number) => {
          assert.ok(sent.records.length >= 1 && sent.records.length <= limits.maxRecords)
          assert.ok(++underWay <= limits.concurrency)
          const step = script[number - 1]
          if (step?.takesMs) await host.clock.sleep(step.takesMs)
          underWay--
          checkAcked(reader, settled)
          return outcomeOf(step, sent, arrived)
        }
        if (deadLettersRefuse) deadLetters.refuse = 'ENOSPC'
        let n = 0
        for (const count of frames) {
          reader.append(fakeBatch(Array.from({ length: count }, () => `{"record number":${n++}}`)))
          if (count % 3 === 0) await host.clock.elapse(count * 20)
        }
        await host.clock.elapse(3000)
        checkAcked(reader, settled)
        deadLetters.refuse = undefined
        for (let rounds = 0; reader.unsent().records > 0 && rounds < 60; rounds++)
          await host.clock.elapse(60_000)

        assert.equal(reader.unsent().records, 0, 'all is acknowledged in the end')
        for (const frame of reader.frames) {
          for (const record of recordsOf({ frame, from: 0, to: frame.batch.count }))
            assert.ok(settled(record), record)
        }
        await delivery[Symbol.asyncDispose]()
        await host.close()
      },
    ),
    { numRuns: process.env['CI'] === 'true' ? 400 : 120 },
  )
})

function checkAcked(reader: MemoryReader, settled: (record: string) => boolean): void {
  const [sequence, record] = reader.acked
  for (const frame of reader.frames) {
    if (frame.sequence > sequence) return
    const to = frame.sequence < sequence ? frame.batch.count : record
    for (const text of recordsOf({ frame, from: 0, to }))
      assert.ok(settled(text), `${text} is acknowledged too early`)
  }
}

type Answer = typeof answers extends fc.Arbitrary<infer T> ? T : never

function outcomeOf(step: Answer | undefined, sent: Sent, arrived: Set<string>): Outcome {
  const arrive = (records: readonly string[]) => {
    for (const record of records) arrived.add(record)
  }
  if (!step || step.kind === 'done') {
    arrive(sent.records)
    return { kind: 'done' }
  }
  if (step.kind === 'throws') throw new Error('a bug')
  if (step.kind === 'too_large') return { kind: 'too_large', reason: 'HTTP 413' }
  if (step.kind === 'failed') {
    const reason = 'HTTP 503'
    return step.afterMs === undefined
      ? { kind: 'failed', reason }
      : { kind: 'failed', reason, afterMs: step.afterMs }
  }
  const single = singles(sent.slices)
  const chosen = (what: string) => single.filter((_, index) => step.bits[index % step.bits.length] === what)
  arrive(chosen('ok').flatMap(recordsOf))
  return {
    kind: 'done',
    retry: chosen('retry'),
    [step.kind === 'divide' ? 'divide' : 'rejected']: [{ slices: chosen('reject'), reason: 'HTTP 400' }],
  }
}

function singles(slices: readonly Slice[]): Slice[] {
  return slices.flatMap(({ frame, from, to }) =>
    Array.from({ length: to - from }, (_, i) => ({ frame, from: from + i, to: from + i + 1 })),
  )
}
