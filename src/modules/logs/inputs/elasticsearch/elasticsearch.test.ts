import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { s } from '../../../../kernel/config/schema.ts'
import { elasticsearchConfig } from '../../outputs/elasticsearch/config.ts'
import { openElasticsearch } from '../../outputs/elasticsearch/output.ts'
import { fakeOutputHost, fakeSlice } from '../../outputs/output-fakes.ts'
import { type FakeInputOptions, fakeInputHost } from '../input-fakes.ts'
import { elasticsearchInputFields } from './config.ts'
import { startElasticsearch } from './elasticsearch.ts'

const schema = s.object(elasticsearchInputFields, { about: 'The options of the input.' })

async function started(t: TestContext, config: object = {}, options: Partial<FakeInputOptions> = {}) {
  const host = fakeInputHost({ kind: 'elasticsearch', ...options })
  t.after(() => host.close())
  const decoded = schema.decode(config)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  await startElasticsearch(decoded.value, host)
  const url = `http://127.0.0.1:${host.ports[0]}`
  const ask = async (
    method: string,
    path: string,
    body?: string | Buffer<ArrayBuffer>,
    headers: object = {},
  ) => {
    const type = { 'content-type': 'application/x-ndjson' }
    const answer = await fetch(url + path, {
      method,
      ...(body !== undefined && { body }),
      headers: { ...type, ...headers },
    })
    assert.equal(answer.headers.get('x-elastic-product'), 'Elasticsearch')
    const text = await answer.text()
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === '' ? undefined : JSON.parse(text),
    }
  }
  const texts = () => host.taken.map(({ text }) => text)
  return { host, url, ask, texts }
}

test('takes what can be taken of a bulk request and answers item by item', async t => {
  const { ask, host, texts } = await started(t)
  const { status, body } = await ask(
    'POST',
    '/_bulk',
    [
      '{"index":{"_index":"a","_id":"1"}}',
      '{"n":1,"@timestamp":"2026-01-02T03:04:05.678Z"}',
      '{ "create" : { "_index" : "b" } }\r',
      '{"n":2}\r',
      '{"delete":{"_index":"a","_id":"1"}}',
      '{"update":{"_index":"a","_id":"1"}}',
      '{"doc":{"n":3}}',
      '{"create":{}}',
      '{"n":4}',
      '{"create":{"_index":"a"}}',
      '{"n":5,}',
      '{"create":{"_index":"a"}}',
      '{"n":6}',
    ].join('\n'),
  )
  assert.equal(status, 200)
  assert.equal(body.errors, true)
  assert.deepEqual(
    body.items.map((item: object) =>
      Object.entries(item).flatMap(([op, { status, _index, _id }]) => [op, _index, _id, status]),
    ),
    [
      ['index', 'a', '1', 201],
      ['create', 'b', undefined, 201],
      ['delete', 'a', '1', 404],
      ['update', 'a', '1', 403],
      ['create', '', undefined, 400],
      ['create', 'a', undefined, 400],
      ['create', 'a', undefined, 201],
    ],
  )
  assert.match(body.items[5].create.error.reason, /expected .* at byte 8/)
  assert.deepEqual(texts().sort(), [
    '{"n":1,"@timestamp":"2026-01-02T03:04:05.678Z","@meta":{"index":{"_index":"a","_id":"1"}}}',
    '{"n":2,"@meta":{ "create" : { "_index" : "b" } }}',
    '{"n":6,"@meta":{"create":{"_index":"a"}}}',
  ])
  assert.deepEqual(
    host.taken.map(({ timeMs, path }) => [timeMs, path]),
    [
      [Date.UTC(2026, 0, 2, 3, 4, 5, 678), 'a'],
      [Number.NaN, 'a'],
      [Number.NaN, 'b'],
    ],
  )
})

test('the index of the path holds for all that name none, and can be the tag', async t => {
  const { ask, host, texts } = await started(t, { metaField: '' }, { tag: 'es.*' })
  await ask('PUT', '/logs%2Dx/_bulk', '{"create":{}}\n{"n":1}\n{"create":{"_index":"other"}}\n{"n":2}\n')
  assert.deepEqual(texts(), ['{"n":1}', '{"n":2}'])
  assert.deepEqual(
    host.taken.map(({ tag }) => tag),
    ['es.logs-x', 'es.other'],
  )
})

test('a field of the record can be its tag', async t => {
  const { ask, host } = await started(t, { tagField: 'app' })
  await ask('POST', '/x/_bulk', '{"create":{}}\n{"app":"shop"}\n{"create":{}}\n{}\n')
  assert.deepEqual(host.taken.map(({ tag }) => tag).sort(), ['elasticsearch', 'shop'])
})

test('takes single documents', async t => {
  const { ask, texts } = await started(t)
  assert.deepEqual((await ask('POST', '/a/_doc', '{\n"n":1}')).body, {
    _index: 'a',
    status: 201,
    result: 'created',
  })
  assert.equal((await ask('PUT', '/a/_create/7', '{"n":2}')).status, 201)
  assert.equal((await ask('POST', '/a/_doc', 'no')).status, 400)
  assert.deepEqual(texts(), [
    '{"n":1,"@meta":{"index":{"_index":"a"}}}',
    '{"n":2,"@meta":{"create":{"_index":"a","_id":"7"}}}',
  ])
})

for (const [name, body] of [
  ['nothing', ''],
  ['text', 'hello\n'],
  ['an unknown action', '{"upsert":{}}\n{}\n'],
  ['two actions in one', '{"index":{},"create":{}}\n{}\n'],
  ['an action that is no object', '{"index":5}\n{}\n'],
  ['a document that is missing', '{"index":{"_index":"a"}}\n{"n":1}\n{"index":{}}\n'],
]) {
  test(`a bulk request with ${name} is refused as a whole`, async t => {
    const { ask, texts } = await started(t)
    const answer = await ask('POST', '/a/_bulk', body)
    assert.deepEqual([answer.status, answer.body.status], [400, 400])
    assert.match(answer.body.error.reason, /\w{3}/)
    assert.deepEqual(texts(), [])
  })
}

test('senders without a key, with too much, or too early hear it as from Elasticsearch', async t => {
  const { ask, host } = await started(
    t,
    { auth: { tokens: ['a2V5'] }, maxBody: '1KiB' },
    { budgetBytes: 20_000 },
  )
  const key = { authorization: 'ApiKey a2V5' }
  const one = '{"create":{}}\n{"n":1}\n'
  const unknown = await ask('POST', '/a/_bulk', one)
  assert.deepEqual([unknown.status, unknown.body.error.type], [401, 'security_exception'])
  assert.equal((await ask('POST', '/a/_bulk', one.repeat(1000), key)).status, 413)
  assert.equal(
    (await ask('POST', '/a/_bulk', gzipSync(one), { ...key, 'content-encoding': 'gzip' })).status,
    200,
  )
  const spool = Promise.withResolvers<void>()
  host.gate = spool.promise
  const firsts = Array.from({ length: 19 }, () => ask('POST', '/a/_bulk', one, key))
  while (host.budget.usedBytes < 19_000) await new Promise(setImmediate)
  const busy = await ask('POST', '/a/_bulk', one, key)
  assert.deepEqual([busy.status, busy.body.error.type], [429, 'es_rejected_execution_exception'])
  assert.equal(busy.headers.get('retry-after'), '2')
  spool.resolve()
  for (const first of firsts) assert.ok([200, 429].includes((await first).status))
})

test('what clients ask before they send is answered', async t => {
  const { ask, url } = await started(t, { version: '9.1.0' })
  const root = await ask('GET', '/')
  assert.deepEqual([root.body.version.number, root.body.tagline], ['9.1.0', 'You Know, for Search'])
  assert.equal((await ask('HEAD', '/')).status, 200)
  const nodes = (await ask('GET', '/_nodes/http')).body.nodes
  assert.equal(
    `http://${(Object.values(nodes)[0] as { http: { publish_address: string } }).http.publish_address}`,
    url,
  )
  assert.equal((await ask('GET', '/_license')).body.license.status, 'active')
  assert.equal((await ask('GET', '/_xpack')).status, 200)
  assert.equal((await ask('HEAD', '/_index_template/filebeat-8.17.0')).status, 200)
  assert.deepEqual((await ask('PUT', '/_ilm/policy/filebeat', '{}')).body, { acknowledged: true })
  const unknown = await ask('GET', '/a/_search')
  assert.deepEqual([unknown.status, /no handler found/.test(unknown.body.error.reason)], [400, true])
})

test('our own output delivers to it', async t => {
  const { url, texts } = await started(t, { metaField: '' })
  const host = fakeOutputHost({ kind: 'elasticsearch', clock: systemClock() })
  t.after(() => host.close())
  const decoded = elasticsearchConfig.decode({ url, gzip: true })
  assert.ok(decoded.ok)
  const output = await openElasticsearch(decoded.value, host)
  const outcome = await output.send([fakeSlice([{ n: 1 }, { n: 2 }])], new AbortController().signal)
  assert.deepEqual(outcome, { kind: 'done' })
  assert.deepEqual(
    texts().map(text => JSON.parse(text).n),
    [1, 2],
  )
})
