import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Slice } from '../batch.ts'
import type { Outcome } from '../outputs/output.ts'
import { fakeBatch } from '../spool/batch-fake.ts'
import { deadlineIn, deliveryFixture, type Sent } from './delivery-fake.ts'

const numbered = (from: number, count: number) => Array.from({ length: count }, (_, i) => `{"n":${from + i}}`)
const FAILED = { kind: 'failed', reason: 'HTTP 503' } as const

/** Single-record slices of a send, chosen by their text. */
function pick(sent: Sent, wanted: (record: string) => boolean): Slice[] {
  const all = sent.slices.flatMap(({ frame, from, to }) =>
    Array.from({ length: to - from }, (_, i) => ({ frame, from: from + i, to: from + i + 1 })),
  )
  return all.filter((_, index) => wanted(sent.records[index]!))
}

test('a lone record is sent once it has waited maxAge, and acknowledged when it has arrived', async t => {
  const { host, reader, output } = deliveryFixture(t, { maxAgeMs: 1000 })
  reader.append(fakeBatch(['{"n":1}']))
  await host.clock.elapse(999)
  assert.equal(output.sends.length, 0)
  await host.clock.elapse(1)
  assert.deepEqual(output.sends[0]!.records, ['{"n":1}'])
  assert.deepEqual(reader.acked, [2, 0])
})

test('a send that is full waits for nothing', async t => {
  const { host, reader, output } = deliveryFixture(t, { maxRecords: 3 })
  reader.append(fakeBatch(numbered(0, 2)))
  await host.clock.elapse(0)
  assert.equal(output.sends.length, 0)
  reader.append(fakeBatch(numbered(2, 2)))
  await host.clock.elapse(0)
  assert.deepEqual(
    output.sends.map(({ records }) => records),
    [numbered(0, 3)],
  )
  assert.deepEqual(reader.acked, [2, 1], 'a frame is acknowledged record by record')
  await host.clock.elapse(1000)
  assert.deepEqual(output.sends[1]!.records, numbered(3, 1))
  assert.deepEqual(reader.acked, [3, 0])
})

test('frames are split and joined by bytes', async t => {
  const { host, reader, output } = deliveryFixture(t, { maxBytes: 100, concurrency: 8 })
  reader.append(fakeBatch(['a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40), 'd'.repeat(150), 'e'.repeat(10)]))
  await host.clock.elapse(1000)
  assert.deepEqual(
    output.sends.map(({ records }) => records.map(record => record[0]).join('')),
    ['ab', 'c', 'd', 'e'],
  )
  assert.deepEqual(reader.acked, [2, 0])
})

test('no more sends are under way than the output allows', async t => {
  const answers: ((outcome: Outcome) => void)[] = []
  const answer = () => new Promise<Outcome>(resolve => answers.push(resolve))
  const { host, reader, output } = deliveryFixture(t, { maxRecords: 1, concurrency: 2 }, { answer })
  reader.append(fakeBatch(numbered(0, 5)))
  await host.clock.elapse(0)
  assert.equal(output.sends.length, 2)
  answers[1]!({ kind: 'done' })
  await host.clock.elapse(0)
  assert.equal(output.sends.length, 3)
  assert.deepEqual(reader.acked, [1, 0], 'the first record is still under way')
  answers[0]!({ kind: 'done' })
  await host.clock.elapse(0)
  assert.deepEqual(reader.acked, [1, 2])
  assert.equal(host.metric('sends_in_flight', { output: 'out' }), 2)
})

test('what is taken from the spool is bounded by the share of memory, and goes out at once when nothing can join it', async t => {
  const answers: ((outcome: Outcome) => void)[] = []
  const answer = () => new Promise<Outcome>(resolve => answers.push(resolve))
  const limits = { maxBytes: 1_000_000, maxAgeMs: 60_000, concurrency: 4 }
  const { host, reader } = deliveryFixture(t, limits, { answer, maxInFlightBytes: 500_000 })
  for (let n = 0; n < 30; n++) reader.append(fakeBatch(['x'.repeat(60_000)]))
  await host.clock.elapse(0)
  assert.equal(answers.length, 4)
  assert.equal(
    reader.taken,
    5,
    'frames up to what the share leaves beside bodies, and the one that passes it',
  )
  for (const resolve of answers.splice(0)) resolve({ kind: 'done' })
  await host.clock.elapse(0)
  assert.equal(reader.taken, 9)
  assert.equal(answers.length, 4)
})

test('only the records that a peer wants again are sent again, and others are not held up', async t => {
  const { host, reader, output } = deliveryFixture(t, { maxRecords: 4, concurrency: 1 })
  output.answer = (sent, number) =>
    number === 1 ? { kind: 'done', retry: pick(sent, r => /[13]/.test(r)) } : { kind: 'done' }
  reader.append(fakeBatch(numbered(0, 4)))
  reader.append(fakeBatch(numbered(4, 4)))
  await host.clock.elapse(0)
  assert.deepEqual(output.sends[1]!.records, numbered(4, 4), 'the next send does not wait')
  assert.deepEqual(reader.acked, [1, 1], 'the unbroken run ends before the first record that is missing')
  await host.clock.elapse(250)
  assert.deepEqual(output.sends[2]!.records, ['{"n":1}', '{"n":3}'])
  assert.deepEqual(reader.acked, [3, 0])
  assert.equal(host.metric('retried_records_total', { output: 'out' }), 2)
  assert.equal(host.metric('delivered_records_total', { output: 'out' }), 8)
  assert.equal(host.metric('sends_total', { output: 'out', outcome: 'partial' }), 1)
})

test('single records that are due again share a send', async t => {
  const { host, reader, output } = deliveryFixture(t, { maxRecords: 4, concurrency: 1 })
  output.answer = (sent, number) =>
    number <= 3 ? { kind: 'done', retry: pick(sent, r => r.includes('0"')) } : { kind: 'done' }
  for (let n = 0; n < 3; n++) reader.append(fakeBatch([`"${n}0"`, `"${n}1"`, `"${n}2"`, `"${n}3"`]))
  await host.clock.elapse(1000)
  assert.deepEqual(
    output.sends.slice(3).map(({ records }) => records),
    [['"00"', '"10"', '"20"']],
  )
  assert.deepEqual(reader.acked, [4, 0])
})

test('a failed send is repeated as it was, after exponential backoff up to the cap, for ever', async t => {
  const { host, reader, output, delivery } = deliveryFixture(t, { maxAgeMs: 0 }, { answer: () => FAILED })
  reader.append(fakeBatch(numbered(0, 3)))
  await host.clock.elapse(200_000)
  const gaps = output.sends.slice(1).map(({ atMs }, index) => atMs - output.sends[index]!.atMs)
  assert.deepEqual(gaps.slice(0, 10), [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
  assert.ok(output.sends.every(({ records }) => records.length === 3))
  assert.deepEqual(reader.acked, [1, 0])
  assert.equal(delivery.health().state, 'degraded')
  assert.match(delivery.health().message!, /failing since 2026-01-01T00:00:00.000Z: HTTP 503; 3 records wait/)
  assert.equal(host.log.of('output_failing').length, 1, 'told once')
  host.registry.collect()
  assert.equal(host.metric('backing_off', { output: 'out' }), 1)

  output.answer = () => ({ kind: 'done' })
  await host.clock.elapse(30_000)
  assert.deepEqual(reader.acked, [2, 0])
  assert.equal(delivery.health().state, 'ok')
  assert.equal(host.log.of('output_recovered').length, 1)
})

test('backoff is spread over the whole interval', async t => {
  const random = [0.5, 0, 0.25]
  const { host, reader, output } = deliveryFixture(
    t,
    { maxAgeMs: 0 },
    { answer: () => FAILED, random: () => random.shift() ?? 1 },
  )
  reader.append(fakeBatch(['{}']))
  await host.clock.elapse(2000)
  assert.deepEqual(
    output.sends.map(({ atMs }) => atMs),
    [0, 125, 125, 375],
  )
})

test('while a peer is away one send at a time tries it, whatever the concurrency', async t => {
  const { host, reader, output } = deliveryFixture(
    t,
    { maxRecords: 1, concurrency: 4 },
    { answer: () => FAILED },
  )
  reader.append(fakeBatch(numbered(0, 20)))
  await host.clock.elapse(0)
  assert.equal(output.sends.length, 4)
  await host.clock.elapse(250)
  assert.equal(output.sends.length, 5)
  await host.clock.elapse(500)
  assert.equal(output.sends.length, 6)
  output.answer = () => ({ kind: 'done' })
  await host.clock.elapse(1000)
  assert.deepEqual(reader.acked, [2, 0], 'and all go on as soon as it is back')
})

test('one send that always fails does not hold up the others, unless the output wants order', async t => {
  const answer = (sent: Sent): Outcome => (sent.records.includes('{"n":3}') ? FAILED : { kind: 'done' })
  for (const [concurrency, delivered] of [
    [2, 19],
    [1, 3],
  ] as const) {
    const { host, reader } = deliveryFixture(t, { maxRecords: 1, concurrency }, { answer })
    reader.append(fakeBatch(numbered(0, 20)))
    await host.clock.elapse(60_000)
    assert.equal(host.metric('delivered_records_total', { output: 'out' }), delivered)
    assert.deepEqual(reader.acked, [1, 3])
  }
})

test('the wait that a peer asks for is honoured, within reason', async t => {
  for (const [afterMs, expected] of [
    [10, 250],
    [7000, 7000],
    [24 * 3600_000, 300_000],
  ] as const) {
    const answer = (_: Sent, number: number): Outcome =>
      number === 1 ? { ...FAILED, afterMs } : { kind: 'done' }
    const { host, reader, output } = deliveryFixture(t, { maxAgeMs: 0 }, { answer })
    reader.append(fakeBatch(['{}']))
    await host.clock.elapse(expected - 1)
    assert.equal(output.sends.length, 1)
    await host.clock.elapse(1)
    assert.equal(output.sends.length, 2)
  }
})

test('a peer that refuses us is tried more slowly, and health says why', async t => {
  const answer = () => ({ kind: 'failed', reason: 'HTTP 401: unknown API key', refused: true }) as const
  const { host, reader, output, delivery } = deliveryFixture(t, { maxAgeMs: 0 }, { answer })
  reader.append(fakeBatch(['{}']))
  await host.clock.elapse(3_600_000)
  assert.ok(output.sends.length > 50 && output.sends.length < 70, `${output.sends.length} in an hour`)
  assert.equal(output.sends[1]!.atMs, 4000)
  const health = delivery.health()
  assert.equal(health.state, 'failed')
  assert.equal(health.ready, true, 'the rest of the sidecar goes on')
  assert.match(health.message!, /refused since .*: HTTP 401: unknown API key; one record waits/)
  assert.equal(host.log.of('output_refused').length, 1)
})

test('a send that is too large goes out in halves, and a single record to the dead letters', async t => {
  const { host, reader, output, deadLetters } = deliveryFixture(t, { maxAgeMs: 0, concurrency: 1 })
  output.answer = ({ records }) =>
    records.join('').length > 50 ? { kind: 'too_large', reason: 'HTTP 413' } : { kind: 'done' }
  reader.append(fakeBatch(['a'.repeat(20), 'b'.repeat(20), 'c'.repeat(60), 'd'.repeat(20), 'e'.repeat(20)]))
  await host.clock.elapse(0)
  assert.deepEqual(reader.acked, [2, 0])
  assert.deepEqual(deadLetters.letters, [{ output: 'out', reason: 'HTTP 413', record: 'c'.repeat(60) }])
  assert.equal(host.metric('dead_lettered_records_total', { output: 'out', reason: 'too_large' }), 1)
  assert.equal(host.metric('delivered_records_total', { output: 'out' }), 4)
})

test('records that are refused for one that nobody names are halved until only that one is a dead letter', async t => {
  const { host, reader, output, deadLetters } = deliveryFixture(t, { maxAgeMs: 0, concurrency: 1 })
  output.answer = sent => {
    const slices = pick(sent, r => r !== 'other')
    return sent.records.includes('bad')
      ? { kind: 'done', divide: [{ slices, reason: 'HTTP 400' }] }
      : { kind: 'done' }
  }
  reader.append(fakeBatch(['a', 'b', 'bad', 'other', 'e', 'f', 'g']))
  await host.clock.elapse(0)
  assert.deepEqual(reader.acked, [2, 0])
  assert.deepEqual(deadLetters.letters, [{ output: 'out', reason: 'HTTP 400', record: 'bad' }])
  assert.deepEqual(
    output.sends.map(({ records }) => records.join('')),
    ['abbadotherefg', 'abbad', 'efg', 'a', 'bbad', 'b', 'bad'],
  )
  assert.equal(host.metric('dead_lettered_records_total', { output: 'out', reason: 'rejected' }), 1)
  assert.equal(host.metric('delivered_records_total', { output: 'out' }), 6)
})

test('sends shrink to what the peer turned out to take', async t => {
  const { host, reader, output } = deliveryFixture(
    t,
    { maxBytes: 1_000_000 },
    { maxInFlightBytes: 8_000_000 },
  )
  output.answer = ({ records }) =>
    records.join('').length > 300_000 ? { kind: 'too_large', reason: 'HTTP 413' } : { kind: 'done' }
  for (let n = 0; n < 40; n++) reader.append(fakeBatch(['x'.repeat(100_000)]))
  await host.clock.elapse(5000)
  assert.deepEqual(reader.acked, [41, 0])
  assert.ok(host.metric('sends_total', { output: 'out', outcome: 'too_large' })! <= 8)
})

test('a rejected record is a dead letter before it is acknowledged', async t => {
  const { host, reader, output, deadLetters, delivery } = deliveryFixture(t, { maxAgeMs: 0 })
  output.answer = sent => ({
    kind: 'done',
    rejected: [{ slices: pick(sent, r => r.includes('1')), reason: 'mapper_parsing_exception' }],
    retry: pick(sent, r => r.includes('2')),
  })
  deadLetters.refuse = 'ENOSPC'
  reader.append(fakeBatch(numbered(0, 3)))
  await host.clock.elapse(100)
  assert.deepEqual(reader.acked, [1, 1])
  assert.equal(delivery.health().state, 'degraded')
  assert.match(delivery.health().message!, /dead letters: no space is left/)
  assert.equal(host.metric('dead_lettered_records_total', { output: 'out', reason: 'rejected' }), 0)

  deadLetters.refuse = undefined
  output.answer = () => ({ kind: 'done' })
  await host.clock.elapse(1000)
  assert.deepEqual(reader.acked, [2, 0])
  assert.deepEqual(deadLetters.letters, [
    { output: 'out', reason: 'mapper_parsing_exception', record: '{"n":1}' },
  ])
  assert.equal(host.metric('dead_lettered_records_total', { output: 'out', reason: 'rejected' }), 1)
  assert.deepEqual(
    host.log.of('records_dead_lettered').map(({ message }) => message),
    [
      'output out will never take one record; it is kept in /data/dead-letters.jsonl: mapper_parsing_exception',
    ],
  )
  assert.equal(delivery.health().state, 'ok')
})

test('an output that throws is a bug that is told, and its records are sent again', async t => {
  const answer = (_: Sent, number: number): Outcome => {
    if (number === 1) throw new TypeError('x is undefined')
    return { kind: 'done' }
  }
  const { host, reader } = deliveryFixture(t, { maxAgeMs: 0 }, { answer })
  reader.append(fakeBatch(['{}']))
  await host.clock.elapse(250)
  assert.deepEqual(reader.acked, [2, 0])
  assert.equal(host.log.of('output_bug').length, 1)
})

test('draining sends at once what waits, and ends when the spool is empty', async t => {
  const { host, reader, output, delivery } = deliveryFixture(t, { maxAgeMs: 60_000 })
  reader.slow = true
  for (let n = 0; n < 5; n++) reader.append(fakeBatch(numbered(n * 10, 10)))
  const drained = delivery.drain(deadlineIn(host, 5000))
  await host.clock.elapse(10)
  assert.deepEqual(await drained, { remainingRecords: 0 })
  assert.equal(output.sends.flatMap(({ records }) => records).length, 50)
  assert.deepEqual(reader.acked, [6, 0])
})

test('draining does not sit out a backoff', async t => {
  const { host, reader, output, delivery } = deliveryFixture(
    t,
    { maxAgeMs: 0 },
    { answer: () => ({ ...FAILED, afterMs: 100_000 }) },
  )
  reader.append(fakeBatch(['{}']))
  await host.clock.elapse(50_000)
  assert.equal(output.sends.length, 1)
  const drained = delivery.drain(deadlineIn(host, 5000))
  await host.clock.elapse(1)
  assert.equal(output.sends.length, 2)
  output.answer = () => ({ kind: 'done' })
  await host.clock.elapse(1000)
  assert.deepEqual(await drained, { remainingRecords: 0 })
})

test('at the deadline a drain aborts what is under way and says what stays in the spool', async t => {
  const answer = ({ signal }: Sent) =>
    new Promise<Outcome>(resolve =>
      signal.addEventListener('abort', () => resolve({ kind: 'failed', reason: 'aborted' })),
    )
  const { host, reader, delivery } = deliveryFixture(t, { maxAgeMs: 0 }, { answer })
  reader.append(fakeBatch(numbered(0, 7)))
  const drained = delivery.drain(deadlineIn(host, 5000))
  await host.clock.elapse(5000)
  assert.deepEqual(await drained, { remainingRecords: 7 })
  assert.match(host.log.of('output_not_drained')[0]!.message, /7 records .* stay in the spool/)
})

test('closing waits for what is under way, but not for ever', async () => {
  const answer = () => new Promise<Outcome>(() => {})
  const { host, reader, delivery } = deliveryFixture(undefined, { maxAgeMs: 0 }, { answer })
  reader.append(fakeBatch(['{}']))
  await host.clock.elapse(0)
  const closing = delivery[Symbol.asyncDispose]()
  await host.clock.elapse(1000)
  await closing
  await host.close()
})

test('records that were tried in vain as often as is allowed become dead letters, and others go on', async t => {
  const answer = (sent: Sent): Outcome => (sent.records[0] === '{"n":0}' ? FAILED : { kind: 'done' })
  const { host, reader, output, deadLetters } = deliveryFixture(
    t,
    { maxRecords: 1, concurrency: 1 },
    { answer, maxTries: 3 },
  )
  reader.append(fakeBatch(numbered(0, 2)))
  await host.clock.elapse(60_000)
  assert.equal(output.sends.filter(({ records }) => records[0] === '{"n":0}').length, 3)
  assert.deepEqual(deadLetters.letters, [{ output: 'out', reason: 'HTTP 503', record: '{"n":0}' }])
  assert.deepEqual(reader.acked, [2, 0])
  assert.equal(host.metric('dead_lettered_records_total', { output: 'out', reason: 'given_up' }), 1)
})

test('single records that a peer wants again and again are given up, too', async t => {
  const answer = (sent: Sent): Outcome => ({
    kind: 'done',
    retry: pick(sent, record => record === '{"n":1}'),
  })
  const { host, reader, deadLetters } = deliveryFixture(t, {}, { answer, maxTries: 2 })
  reader.append(fakeBatch(numbered(0, 3)))
  await host.clock.elapse(60_000)
  assert.deepEqual(
    deadLetters.letters.map(({ record }) => record),
    ['{"n":1}'],
  )
  assert.deepEqual(reader.acked, [2, 0])
})
