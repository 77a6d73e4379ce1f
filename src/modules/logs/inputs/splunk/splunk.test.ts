import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { s } from '../../../../kernel/config/schema.ts'
import { type FakeInputOptions, fakeInputHost } from '../input-fakes.ts'
import { splunkInputFields } from './config.ts'
import { startSplunk } from './splunk.ts'

const schema = s.object(splunkInputFields, { about: 'The options of the input.' })
const CHANNEL = '11111111-2222-3333-4444-555555555555'

async function started(t: TestContext, config: object = {}, options: Partial<FakeInputOptions> = {}) {
  const host = fakeInputHost({ kind: 'splunk', ...options })
  t.after(() => host.close())
  const decoded = schema.decode(config)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  await startSplunk(decoded.value, host)
  const url = `http://127.0.0.1:${host.ports[0]}/services/collector`
  const ask = async (
    path: string,
    body?: string | Buffer<ArrayBuffer>,
    headers: Record<string, string> = {},
  ) => {
    const answer = await fetch(url + path, {
      method: body === undefined ? 'GET' : 'POST',
      body: body ?? null,
      headers,
    })
    return {
      status: answer.status,
      headers: answer.headers,
      body: (await answer.json()) as Record<string, unknown>,
    }
  }
  const texts = () => host.taken.map(({ text }) => text)
  return { host, ask, texts }
}

for (const path of ['', '/', '/event', '/event/1.0']) {
  test(`takes events at /services/collector${path}`, async t => {
    const { ask, texts } = await started(t)
    const { status, body } = await ask(path, '{"event":"a"}{"event":{"b":1}}\n{"event":[2]}')
    assert.deepEqual([status, body], [200, { text: 'Success', code: 0 }])
    assert.deepEqual(texts(), ['{"message":"a"}', '{"b":1}', '{"message":[2]}'])
  })
}

test('what stands beside an event stands beside its fields, and its time is the time of the record', async t => {
  const { ask, host, texts } = await started(t, { eventField: 'log' }, { tag: 'hec.*' })
  const events = [
    {
      time: 1700000000.123,
      host: 'h',
      source: 's',
      sourcetype: 'st',
      index: 'i',
      event: { a: 1 },
      fields: { f: 'x', l: [1] },
    },
    { time: '1700000001', host: null, event: { host: 'mine', a: 1 }, source: 's' },
    { event: {}, extra: 1 },
  ]
  await ask('', events.map(event => JSON.stringify(event, null, 1)).join(''))
  assert.deepEqual(
    texts()
      .map(text => text.replaceAll(/ +/g, ''))
      .sort(),
    [
      '{"a":1,"host":"h","source":"s","sourcetype":"st","index":"i","fields":{"f":"x","l":[1]}}',
      '{"log":{"host":"mine","a":1},"source":"s"}',
      '{}',
    ],
  )
  assert.deepEqual(
    host.taken.map(({ timeMs, tag }) => [timeMs, tag]),
    [
      [1_700_000_000_123, 'hec.st'],
      [1_700_000_001_000, 'hec.splunk'],
      [Number.NaN, 'hec.splunk'],
    ],
  )
})

test('takes raw text, a line an event, with what its URL tells of it', async t => {
  const { ask, host, texts } = await started(t)
  const { status } = await ask('/raw?host=h%20%22&sourcetype=nginx&time=1700000000', 'a "b"\r\n\n\tc')
  assert.equal(status, 200)
  assert.deepEqual(texts(), [
    '{"message":"a \\"b\\"","host":"h \\"","sourcetype":"nginx"}',
    '{"message":"\\tc","host":"h \\"","sourcetype":"nginx"}',
  ])
  assert.deepEqual([host.taken[0].timeMs, host.taken[0].path], [1_700_000_000_000, 'nginx'])
})

test('a field of the event, or beside it, can be the tag', async t => {
  const { ask, host } = await started(t, { tagField: 'app' })
  await ask('', '{"event":{"app":"a"}}{"event":"x","app":"b"}{"event":{"app":1}}')
  assert.deepEqual(host.taken.map(({ tag }) => tag).sort(), ['a', 'b', 'splunk'])
})

for (const [name, status, code, path, body, event] of [
  ['no body', 400, 5, '/event', ''],
  ['blanks', 400, 5, '/event', ' \n'],
  ['blank lines', 400, 5, '/raw', '\n\r\n'],
  ['text that is no JSON', 400, 6, '/event', 'hello', 0],
  ['an event that is cut off', 400, 6, '/event', '{"event":"a"}{"event":', 1],
  ['a time that is none', 400, 6, '/event', '{"event":"a","time":"now"}', 0],
  ['no event', 400, 12, '/event', '{"event":"a"}{"host":"h"}', 1],
  ['an event that is null', 400, 12, '/event', '{"event":null}', 0],
  ['a blank event', 400, 13, '/event', '{"event":""}', 0],
  ['a question about acknowledgements', 400, 14, '/ack', '{"acks":[0]}'],
  ['fields with an object in them', 400, 15, '/event', '{"event":"a","fields":{"a":{}}}', 0],
  ['fields that are none', 400, 15, '/event', '{"event":"a","fields":"x"}', 0],
  ['a path that there is not', 404, 404, '/mint', '{}'],
  ['too much', 413, 6, '/event', JSON.stringify({ event: 'x'.repeat(2000) })],
] as [string, number, number, string, string, number?][]) {
  test(`${name}: ${status} with the code ${code}, and nothing is taken`, async t => {
    const { ask, host } = await started(t, { maxBody: '1KiB' })
    const answer = await ask(path, body)
    assert.deepEqual([answer.status, answer.body['code']], [status, code])
    assert.equal(answer.body['invalid-event-number'], event)
    assert.match(String(answer.body['text']), /\w{3}/)
    assert.deepEqual(host.taken, [])
  })
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

for (const [name, status, code, authorization, query] of [
  ['no token', 401, 2, undefined],
  ['another kind of authorization', 401, 3, 'Bearer t1'],
  ['nothing behind Splunk', 401, 3, 'Splunk '],
  ['another token', 403, 4, 'Splunk t3'],
  ['a token in the URL', 400, 16, undefined, '?token=t1'],
  ['a token', 200, 0, 'Splunk t1'],
  ['another token of the list', 200, 0, 'splunk t2'],
  ['the token as a password', 200, 0, basic('x:t1')],
] as [string, number, number, string | undefined, string?][]) {
  test(`${name}: ${status} with the code ${code}`, async t => {
    const { ask, host } = await started(t, { tokens: ['t1', 't2'] })
    const headers = authorization === undefined ? undefined : { authorization }
    const answer = await ask(`/event${query ?? ''}`, '{"event":"a"}', headers)
    assert.deepEqual([answer.status, answer.body['code']], [status, code])
    assert.equal(host.taken.length, status === 200 ? 1 : 0)
  })
}

test('a token in the URL is taken where that is wanted; it can be passed on', async t => {
  const { ask, texts } = await started(t, { tokens: ['t1'], queryToken: true, tokenField: '@token' })
  assert.equal((await ask('/event?token=t1', '{"event":{}}')).status, 200)
  assert.equal((await ask('/raw', 'x', { authorization: 'Splunk t1' })).status, 200)
  assert.equal((await ask('/event?token=t2', '{"event":"a"}')).status, 403)
  assert.deepEqual(texts(), ['{"@token":"t1"}', '{"message":"x","@token":"t1"}'])
})

test('with acknowledgements senders name a channel, get numbers and can ask about them', async t => {
  const { ask } = await started(t, { acknowledge: true })
  const channel = { 'x-splunk-request-channel': CHANNEL }
  assert.equal((await ask('', '{"event":"a"}')).body['code'], 10)
  assert.equal((await ask('', '{"event":"a"}', { 'x-splunk-request-channel': 'mine' })).body['code'], 11)
  assert.equal((await ask('', '{"event":"a"}', channel)).body['ackId'], 0)
  assert.equal((await ask(`/raw?channel=${CHANNEL}`, 'a')).body['ackId'], 1)
  assert.deepEqual((await ask('/ack', '{"acks":[0,1,2]}', channel)).body, {
    acks: { 0: true, 1: true, 2: false },
  })
  for (const body of ['{"acks":[-1]}', '{"acks":5}', 'null', 'x'])
    assert.equal((await ask('/ack', body, channel)).body['code'], 6, body)
})

test('health is open to all, and bad while the spool takes nothing', async t => {
  const clock = new FakeClock()
  const { ask, host } = await started(t, { tokens: ['t1'] }, { clock })
  const spool = Promise.withResolvers<void>()
  host.gate = spool.promise
  const first = ask('', '{"event":"a"}', { authorization: 'Splunk t1' })
  while (host.budget.usedBytes === 0) await new Promise(setImmediate)
  const good = await ask('/health')
  assert.deepEqual([good.status, good.body['code']], [200, 17])
  clock.advance(2001)
  const bad = await ask('/health')
  assert.deepEqual([bad.status, bad.body['code']], [503, 18])
  spool.resolve()
  assert.equal((await first).status, 200)
})

test('takes compressed events; who comes too early hears that the server is busy', async t => {
  const { ask, host, texts } = await started(t, {}, { budgetBytes: 40 * 1024 })
  const gzip = { 'content-encoding': 'gzip' }
  assert.equal((await ask('', gzipSync('{"event":"a"}'), gzip)).status, 200)
  assert.deepEqual(texts(), ['{"message":"a"}'])
  const spool = Promise.withResolvers<void>()
  host.gate = spool.promise
  const firsts = [ask('', '{"event":"b"}'), ask('', '{"event":"b"}')]
  while (host.budget.usedBytes < 32 * 1024) await new Promise(setImmediate)
  const busy = await ask('', '{"event":"c"}')
  assert.deepEqual([busy.status, busy.body['code'], busy.headers.get('retry-after')], [503, 9, '2'])
  spool.resolve()
  for (const first of firsts) assert.equal((await first).status, 200)
})

test('takes objects as they came as records, by the path of the request', async t => {
  const config = { records: 'envelopes', tagFrom: 'path', tagField: 'to', tokenField: '@token' }
  const { ask, host, texts } = await started(t, config, { tag: '*' })
  const headers = { authorization: 'Splunk abc' }
  const { status } = await ask(
    '/event',
    '{"Event":"x","time":5}\n{}{"event":{"a":\n[1]},"to":"b.c"}',
    headers,
  )
  assert.equal(status, 200)
  assert.deepEqual(texts(), [
    '{"Event":"x","time":5,"@token":"abc"}',
    '{"@token":"abc"}',
    '{"event":{"a": [1]},"to":"b.c","@token":"abc"}',
  ])
  await ask('/raw', 'text')
  assert.deepEqual(
    host.taken.map(({ tag }) => tag),
    ['services_collector_event', 'services_collector_event', 'b.c', 'services_collector_raw'],
  )
  assert.equal((await ask('', '{"a":')).status, 400)
})
