import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type FakeLokiOptions, startFakeLoki } from '../../../../../test/fakes/loki/server.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import type { Outcome } from '../output.ts'
import { fakeOutputHost, fakeSlice, recordsOf } from '../output-fakes.ts'
import { checkLoki, lokiConfig } from './config.ts'
import { openLoki } from './output.ts'

const never = new AbortController().signal

function decode(fields: object) {
  const decoded = lokiConfig.decode({ url: 'http://loki:3100', ...fields })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

async function begin(t: TestContext, fields: object = {}, options: FakeLokiOptions = {}) {
  const fake = await startFakeLoki(options)
  t.after(() => fake.close())
  const host = fakeOutputHost({ kind: 'loki', clock: systemClock() })
  t.after(() => host.close())
  const output = await openLoki(decode({ url: fake.url, ...fields }), host)
  return { fake, host, send: (...slices: Parameters<typeof output.send>[0]) => output.send(slices, never) }
}

const now = (records: readonly (object | string | Buffer)[], sequence = 1) =>
  fakeSlice(records, { timeMs: Date.now(), sequence })

function named(outcome: Outcome, which: 'rejected' | 'divide'): [string[], string][] {
  assert.equal(outcome.kind, 'done', JSON.stringify(outcome))
  const rejections = outcome.kind === 'done' ? (outcome[which] ?? []) : []
  return rejections.map(({ slices, reason }) => [recordsOf(slices), reason])
}

const reasonOf = (outcome: Outcome) => ('reason' in outcome ? outcome.reason : '')

describe('the loki output', () => {
  test('pushes lines with their times and labels', async t => {
    const { fake, send } = await begin(t, { labels: { job: 'shop', level: '{level}' } })
    const timeMs = Date.now()
    assert.deepEqual(await send(fakeSlice([{ n: 1, level: 'info' }, { n: 2 }], { timeMs })), { kind: 'done' })
    assert.deepEqual(fake.lines, [
      {
        tenant: 'fake',
        labels: '{job="shop", level="info"}',
        line: '{"n":1,"level":"info"}',
        timeNs: BigInt(timeMs) * 1_000_000n,
        metadata: {},
      },
      {
        tenant: 'fake',
        labels: '{job="shop"}',
        line: '{"n":2}',
        timeNs: BigInt(timeMs + 1) * 1_000_000n + 1n,
        metadata: {},
      },
    ])
    assert.equal(fake.last?.headers['content-encoding'], 'snappy')
  })

  test('keeps two equal lines of one moment apart, and sends one again as the same', async t => {
    const { fake, send } = await begin(t)
    const timeMs = Date.now()
    const slice = fakeSlice([{ n: 1 }, { n: 1 }], { timesMs: [timeMs, timeMs] })
    await send(slice)
    await send({ ...slice, from: 1 })
    assert.deepEqual(
      { ...fake.counts },
      { requests: 2, lines: 2, repeated: 1, discarded: 0, malformed: 0, outOfOrder: 0 },
    )
  })

  test('brings the lines of a stream in the order of their times', async t => {
    const { fake, send } = await begin(t)
    const timeMs = Date.now()
    await send(fakeSlice([{ n: 3 }, { n: 1 }, { n: 2 }], { timesMs: [timeMs, timeMs - 2000, timeMs - 1000] }))
    assert.deepEqual(
      fake.lines.map(({ line }) => line),
      ['{"n":1}', '{"n":2}', '{"n":3}'],
    )
    assert.equal(fake.counts.outOfOrder, 0)
  })

  test('takes labels and metadata from objects, with names that the server takes and within its limits', async t => {
    const { fake, send } = await begin(t, {
      labels: { job: 'a' },
      labelsFrom: 'labels',
      maxLabels: 3,
      metadata: { trace: '{trace}' },
      metadataFrom: 'more',
    })
    const labels = { 'app.kubernetes.io/name': 'shop', '1st': 'x"\\\n', job: 'b', third: 'over', none: null }
    await send(
      now([{ labels, trace: 't1', more: { a: 1, b: { c: 2 } } }, { labels: { long: 'ä'.repeat(2000) } }]),
    )
    assert.equal(fake.lines[0].labels, '{_1st="x\\"\\\\\\n", app_kubernetes_io_name="shop", job="a"}')
    assert.deepEqual(fake.lines[0].metadata, { third: 'over', trace: 't1', a: '1', b: '{"c":2}' })
    assert.equal(fake.lines[1].labels, `{job="a", long="${'ä'.repeat(1024)}"}`)
  })

  const lines: [string, object, string][] = [
    ['the record as it is', {}, '{"a":"x y","b":{"c":1,"d":2}}'],
    ['pairs', { format: 'key_value' }, 'a="x y" b={"c":1,"d":2}'],
    ['a field’s text', { messageField: 'a' }, 'x y'],
    ['the record when the field is missing', { messageField: 'gone' }, '{"a":"x y","b":{"c":1,"d":2}}'],
    ['what is left of the record', { removeFields: ['a', 'b.c'] }, '{"b":{"d":2}}'],
    ['pairs of what is left', { removeFields: ['a', 'b.c'], format: 'key_value' }, 'b={"d":2}'],
    ['the only field that is left', { removeFields: ['b'], singleField: 'value' }, '"x y"'],
    ['its text', { removeFields: ['b'], singleField: 'raw' }, 'x y'],
    ['all when more is left', { singleField: 'raw' }, '{"a":"x y","b":{"c":1,"d":2}}'],
  ]
  for (const [what, fields, line] of lines) {
    test(`sends as a line ${what}`, async t => {
      const { fake, send } = await begin(t, fields)
      assert.deepEqual(await send(now([{ a: 'x y', b: { c: 1, d: 2 } }])), { kind: 'done' })
      assert.equal(fake.lines[0].line, line)
    })
  }

  test('replaces bytes that are not UTF-8, and counts the record', async t => {
    const { fake, host, send } = await begin(t)
    await send(now([Buffer.from([...Buffer.from('{"m":"a'), 0xff, ...Buffer.from('"}')]), { n: 1 }]))
    assert.deepEqual(
      fake.lines.map(({ line }) => line),
      ['{"m":"a\ufffd"}', '{"n":1}'],
    )
    assert.equal(host.invalid.count, 1)
  })

  test('sends each tenant a request of its own', async t => {
    const { fake, send } = await begin(t, { tenant: '{team|"none"}' }, { multiTenant: true })
    assert.deepEqual(await send(now([{ team: 'a' }, { team: 'b/../c' }, {}])), { kind: 'done' })
    assert.deepEqual(
      fake.lines.map(({ tenant }) => tenant),
      ['a', 'b_.._c', 'none'],
    )
  })

  test('asks for a tenant where the server has several', async t => {
    const { send } = await begin(t, {}, { multiTenant: true })
    const outcome = await send(now([{ n: 1 }]))
    assert.match(reasonOf(outcome), /no org id; it has several tenants: set logs\.outputs\[0\]\.loki\.tenant/)
  })

  test('proves who it is', async t => {
    const { fake, send } = await begin(
      t,
      { auth: { username: 'u', password: 'p' } },
      { user: { name: 'u', password: 'p' } },
    )
    assert.deepEqual(await send(now([{ n: 1 }])), { kind: 'done' })
    assert.equal(fake.counts.lines, 1)
    const other = await begin(t, { auth: { bearer: 'wrong' } }, { bearer: 'right' })
    const outcome = await other.send(now([{ n: 1 }]))
    assert.match(reasonOf(outcome), /401.*check logs\.outputs\[0\]\.loki\.auth\.bearer/)
    assert.equal(outcome.kind === 'failed' && outcome.refused, true)
  })

  const hour = 3_600_000
  const refusals: [string, object[], number[], number[], RegExp][] = [
    [
      'a line that is too long',
      [{ n: 1 }, { n: 2, text: 'x'.repeat(2000) }, { n: 3 }],
      [0, 0, 0],
      [2],
      /Max entry size/,
    ],
    [
      'lines that are too old',
      [{ n: 1 }, { n: 2 }, { n: 3 }],
      [-300 * hour, -200 * hour, 0],
      [1, 2],
      /too old/,
    ],
    ['lines that are too far behind', [{ n: 1 }, { n: 2 }], [-2 * hour, 0], [1], /too far behind/],
  ]
  for (const [what, records, hours, bad, reason] of refusals) {
    test(`rejects ${what} by what the server says, and the others arrive once`, async t => {
      const { fake, send } = await begin(t, {}, { maxLineBytes: 1024 })
      // The stream has a line of now already.
      await send(now([{ n: 0 }], 9))
      const outcome = await send(fakeSlice(records, { timesMs: hours.map(ms => Date.now() + ms) }))
      const [[slices, said]] = named(outcome, 'rejected')
      assert.deepEqual(
        slices.map(record => JSON.parse(record).n),
        bad,
      )
      assert.match(said, reason)
      assert.ok(outcome.kind === 'done')
      assert.deepEqual(await send(...(outcome.retry ?? [])), { kind: 'done' })
      const good = records.length - bad.length
      assert.equal(fake.counts.lines, 1 + good)
      assert.equal(fake.counts.repeated, good)
    })
  }

  test('rejects what is in the future, where the second that the server tells leaves no doubt', async t => {
    const { send } = await begin(t)
    const base = Math.floor(Date.now() / 1000) * 1000
    const timesMs = [base, base + hour, base + 2 * hour]
    const outcome = await send(fakeSlice([{ n: 1 }, { n: 2 }, { n: 3 }], { timesMs }))
    assert.deepEqual(
      named(outcome, 'rejected').map(([records]) => records),
      [['{"n":3}']],
    )
    const again = await send(...((outcome.kind === 'done' && outcome.retry) || []))
    assert.deepEqual(
      named(again, 'divide').map(([records]) => records),
      [['{"n":1}', '{"n":2}']],
    )
  })

  test('rejects the lines of a stream whose labels are refused, and no others', async t => {
    const { send } = await begin(
      t,
      { labels: { job: 'a' }, labelsFrom: 'labels', maxLabels: 64 },
      { maxLabels: 2 },
    )
    const outcome = await send(now([{ n: 1 }, { n: 2, labels: { b: 1, c: 2 } }]))
    assert.deepEqual(
      named(outcome, 'rejected').map(([records]) => records),
      [['{"n":2,"labels":{"b":1,"c":2}}']],
    )
  })

  test('has a request divided whose refusal names nothing', async t => {
    const { fake, send } = await begin(t)
    fake.faults.add({ kind: 'status', status: 400, body: 'ingestion blocked' })
    const outcome = await send(now([{ n: 1 }, { n: 2 }]))
    assert.deepEqual(named(outcome, 'divide'), [
      [['{"n":1}', '{"n":2}'], 'the server answered 400: ingestion blocked'],
    ])
  })

  const table: [number, string, Record<string, string>, Partial<Record<string, unknown>>][] = [
    [429, 'Ingestion rate limit exceeded', { 'retry-after': '7' }, { kind: 'failed', afterMs: 7000 }],
    [429, 'Maximum active stream limit exceeded', {}, { kind: 'failed' }],
    [500, 'rpc error: grpc: received message larger than max (5 vs. 4)', {}, { kind: 'too_large' }],
    [503, 'no', {}, { kind: 'failed' }],
    [413, 'no', {}, { kind: 'too_large' }],
    [404, '404 page not found', {}, { kind: 'failed', refused: true }],
    [422, 'no', {}, { kind: 'failed', refused: true }],
  ]
  for (const [status, body, headers, expected] of table) {
    test(`takes ${status} ${body} for ${JSON.stringify(expected)}`, async t => {
      const { fake, send } = await begin(t)
      fake.faults.add({ kind: 'status', status, body, headers })
      const { reason, ...outcome } = (await send(now([{ n: 1 }, { n: 2 }]))) as {
        kind: string
        reason: string
      }
      assert.deepEqual(outcome, expected)
      assert.match(reason, new RegExp(`^the server answered ${status}: `))
    })
  }

  const mistakes: [object, RegExp][] = [
    [{ labels: {} }, /at least one label/],
    [{ labels: { 'a-b': 'c' } }, /letters, digits and _/],
    [{ labels: { a: '{' } }, /not a template/],
    [
      { labels: Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`l${n}`, 'x'])) },
      /at most 15 labels/,
    ],
    [{ labels: { a: 'b' }, metadata: { a: 'c' } }, /is a label already/],
    [{ tenant: '{team}' }, /may have nothing/],
    [{ messageField: 'a b' }, /not a field/],
  ]
  for (const [fields, message] of mistakes) {
    test(`${JSON.stringify(fields).slice(0, 60)} is a mistake`, () =>
      assert.match(checkLoki(decode(fields))[0]?.message ?? '', message))
  }
})
