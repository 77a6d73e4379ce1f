import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { type TestContext, test } from 'node:test'
import { type FakeSplunkOptions, startFakeSplunk } from '../../../../../test/fakes/splunk/server.ts'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { s } from '../../../../kernel/config/schema.ts'
import { fakeInputHost } from '../../inputs/input-fakes.ts'
import { splunkInputFields } from '../../inputs/splunk/config.ts'
import { startSplunk } from '../../inputs/splunk/splunk.ts'
import { fakeOutputHost, fakeSlice, recordsOf } from '../output-fakes.ts'
import { checkSplunk, splunkConfig } from './config.ts'
import { openSplunk } from './output.ts'

const never = new AbortController().signal

function decode(fields: object) {
  const decoded = splunkConfig.decode(fields)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

async function begin(
  t: TestContext,
  fields: object = {},
  options: FakeSplunkOptions = {},
  clock = systemClock(),
) {
  const fake = await startFakeSplunk({ token: 'secret', ...options })
  t.after(() => fake.close())
  const host = fakeOutputHost({ kind: 'splunk', clock })
  t.after(() => host.close())
  const output = await openSplunk(decode({ url: fake.url, token: 'secret', ...fields }), host)
  const send = (...records: Parameters<typeof fakeSlice>[0]) => output.send([fakeSlice(records)], never)
  return { fake, host, output, send }
}

const time = 1767323045.006

/** What the promise gives, while time goes on. */
async function turned<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let settled = false
  const settle = () => {
    settled = true
  }
  void promise.then(settle, settle)
  while (!settled) {
    clock.advance(10)
    await new Promise(setImmediate)
  }
  return await promise
}

test('sends each record as an event, with its time and what the templates say of it', async t => {
  const { fake, send } = await begin(t, {
    host: '{$hostname}',
    source: '{$path}',
    sourcetype: '{type|"_json"}',
    index: '{team}',
    fields: { pod: '{pod}', none: '{gone}' },
  })
  assert.deepEqual(await send({ a: 1, type: 'nginx', pod: 'p"1' }, { team: 'main' }), { kind: 'done' })
  const from = { host: hostname(), source: '/var/log/app.log' }
  assert.deepEqual(fake.events, [
    {
      time,
      ...from,
      sourcetype: 'nginx',
      fields: { pod: 'p"1' },
      event: { a: 1, type: 'nginx', pod: 'p"1' },
    },
    { time: 1767323045.007, ...from, sourcetype: '_json', index: 'main', event: { team: 'main' } },
  ])
})

test('one field can be the event; a record without it is sent whole, an empty one not at all', async t => {
  const { fake, send } = await begin(t, { eventField: 'log.text' })
  const outcome = await send(
    { log: { text: 'a' } },
    { log: { text: [1] } },
    { log: 'b' },
    { log: { text: '' } },
    { log: { text: null } },
  )
  assert.ok(outcome.kind === 'done')
  assert.deepEqual(
    fake.events.map(({ event }) => event),
    ['a', [1], { log: 'b' }, { log: { text: null } }],
  )
  assert.deepEqual(recordsOf(outcome.rejected?.[0].slices), ['{"log":{"text":""}}'])
})

test('a record can be the envelope itself; what it says of itself counts', async t => {
  const { fake, send } = await begin(t, { format: 'envelope', host: 'ours', index: 'main' })
  await send({ event: 'a', host: 'mine' }, { event: { b: 1 }, time: 5, fields: { c: 'd' } })
  assert.deepEqual(fake.events, [
    { event: 'a', host: 'mine', time, index: 'main' },
    { event: { b: 1 }, time: 5, fields: { c: 'd' }, host: 'ours', index: 'main' },
  ])
})

test('raw text goes a line each, records of one place together', async t => {
  const { fake, send } = await begin(t, { format: 'raw', host: 'h w', sourcetype: '{type}' })
  await send(
    { message: 'a "b"', type: 'x' },
    { message: 'c', type: 'y' },
    { message: 'd', type: 'x' },
    { n: 1 },
  )
  const host = 'h w'
  assert.deepEqual(fake.events, [
    { event: 'a "b"', host, sourcetype: 'x' },
    { event: 'd', host, sourcetype: 'x' },
    { event: 'c', host, sourcetype: 'y' },
    { event: '{"n":1}', host },
  ])
})

test('what is not UTF-8 is replaced and counted', async t => {
  const { fake, send, host } = await begin(t)
  await send(Buffer.from('{"a":"\xff"}', 'latin1'))
  assert.deepEqual([fake.events[0].event, host.invalid.count], [{ a: '\ufffd' }, 1])
})

for (const [name, fault, outcome] of [
  [
    'a busy collector',
    { status: 503, headers: { 'retry-after': '3' }, body: '{"text":"Server is busy","code":9}' },
    { kind: 'failed', afterMs: 3000 },
  ],
  ['too many requests', { status: 429 }, { kind: 'failed' }],
  ['a timeout', { status: 408 }, { kind: 'failed' }],
  [
    'a fault of the collector',
    { status: 500, body: '{"text":"Internal server error","code":8}' },
    { kind: 'failed' },
  ],
  [
    'a disabled token',
    { status: 403, body: '{"text":"Token disabled","code":1}' },
    { kind: 'failed', refused: true },
  ],
  ['a wrong path', { status: 404 }, { kind: 'failed', refused: true }],
  [
    'an index that is not ours',
    { status: 400, body: '{"text":"Incorrect index","code":7,"invalid-event-number":0}' },
    { kind: 'failed', refused: true },
  ],
  [
    'a channel that is missing',
    { status: 400, body: '{"text":"Data channel is missing","code":10}' },
    { kind: 'failed', refused: true },
  ],
  ['too much', { status: 413 }, { kind: 'too_large' }],
  [
    'a format that is invalid somewhere',
    { status: 400, body: '{"text":"Invalid data format","code":6}' },
    { kind: 'done', divide: true },
  ],
] as [
  string,
  { status: number; headers?: Record<string, string>; body?: string },
  Record<string, unknown>,
][]) {
  test(`${name} (${fault.status}): ${JSON.stringify(outcome)}`, async t => {
    const { fake, send } = await begin(t)
    fake.faults.add({ kind: 'status', ...fault })
    const { reason, divide, ...got } = (await send({ n: 1 }, { n: 2 })) as unknown as Record<string, unknown>
    assert.deepEqual({ ...got, ...(divide !== undefined && { divide: true }) }, outcome)
    assert.match(JSON.stringify([reason, divide]), new RegExp(String(fault.status)))
  })
}

test('an event that the collector names is the only one that is refused', async t => {
  const { send } = await begin(t, { index: '{team|"main"}' }, { indices: ['main'] })
  const outcome = await send({ n: 1 }, { n: 2, team: 'other' }, { n: 3 })
  assert.ok(outcome.kind === 'done')
  assert.deepEqual(recordsOf(outcome.rejected?.[0].slices), ['{"n":2,"team":"other"}'])
  assert.match(outcome.rejected?.[0].reason ?? '', /Incorrect index/)
  assert.deepEqual(recordsOf(outcome.retry), ['{"n":1}', '{"n":3}'])
})

test('a token that nobody knows is told with the option to mend', async t => {
  const { send } = await begin(t, { token: 'other' })
  const outcome = await send({ n: 1 })
  assert.ok(outcome.kind === 'failed' && outcome.refused)
  assert.match(outcome.reason, /Invalid token.*check logs\.outputs\[0\]\.splunk\.token/)
})

test('basic authentication serves in place of a token', async t => {
  const { fake, host } = await begin(t)
  const config = decode({ url: fake.url, auth: { username: 'x', password: 'secret' } })
  const output = await openSplunk(config, host)
  assert.deepEqual(await output.send([fakeSlice([{ n: 1 }])], never), { kind: 'done' })
})

test('with acknowledgements a send is done when the indexers have it', async t => {
  const clock = new FakeClock()
  const { fake, send } = await begin(t, { acknowledge: true }, { acknowledgesAfter: 2 }, clock)
  const startMs = clock.monotonic()
  assert.deepEqual(await turned(clock, send({ n: 1 })), { kind: 'done' })
  assert.ok(clock.monotonic() - startMs >= 2000, 'it was asked three times')
  assert.equal(fake.events.length, 1)
})

test('what is not acknowledged in time is sent again', async t => {
  const clock = new FakeClock()
  const { send } = await begin(
    t,
    { acknowledge: true, acknowledgeTimeout: '3s' },
    { acknowledgesAfter: 1e9 },
    clock,
  )
  const outcome = await turned(clock, send({ n: 1 }))
  assert.ok(outcome.kind === 'failed')
  assert.match(outcome.reason, /not acknowledged within 3000 ms/)
})

test('a token that does not acknowledge is told, and what it took is done', async t => {
  const { send, output } = await begin(t, { acknowledge: true })
  assert.deepEqual(await send({ n: 1 }), { kind: 'done' })
  assert.match(output.health?.().message ?? '', /does not acknowledge.*splunk\.acknowledge/)
})

test('what goes out comes in again by the input splunk', async t => {
  const input = fakeInputHost({ kind: 'splunk' })
  t.after(() => input.close())
  const config = s
    .object(splunkInputFields, { about: 'The input.' })
    .decode({ tokens: ['secret'], acknowledge: true })
  assert.ok(config.ok)
  await startSplunk(config.value, input)
  const host = fakeOutputHost({ kind: 'splunk', clock: systemClock() })
  t.after(() => host.close())
  const url = `http://127.0.0.1:${input.ports[0]}`
  const output = await openSplunk(decode({ url, token: 'secret', acknowledge: true }), host)
  const records = [{ n: 1, text: 'ä\n' }, { n: 2, nested: { a: [null] } }, {}]
  assert.deepEqual(await output.send([fakeSlice(records)], never), { kind: 'done' })
  assert.deepEqual(
    input.taken.map(({ text }) => JSON.parse(text)),
    records,
  )
  assert.equal(input.taken[0].timeMs, Date.UTC(2026, 0, 2, 3, 4, 5, 6))
})

test('mistakes are told with their place', () => {
  const places = (fields: object) =>
    checkSplunk(decode({ url: 'http://a', ...fields })).map(({ path }) => path.join('.'))
  assert.deepEqual(places({}), ['token'])
  assert.deepEqual(places({ token: 'a', auth: { bearer: 'b' } }), ['token'])
  assert.deepEqual(places({ token: 'a', host: '{', fields: { a: '}' } }), ['host', 'fields.a'])
  assert.deepEqual(places({ token: 'a', format: 'raw', fields: { a: 'b' } }), ['fields'])
  assert.deepEqual(places({ token: 'a', format: 'envelope', eventField: 'a' }), ['eventField'])
})
