import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import {
  type FakeElasticsearchOptions,
  startFakeElasticsearch,
} from '../../../../../test/fakes/elasticsearch/server.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import type { Outcome } from '../output.ts'
import { fakeOutputHost, fakeSlice, recordsOf } from '../output-fakes.ts'
import {
  checkElasticsearch,
  checkOpensearch,
  cloudUrl,
  elasticsearchConfig,
  opensearchConfig,
} from './config.ts'
import { openElasticsearch, openOpensearch } from './output.ts'

const never = new AbortController().signal
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }

function decode(fields: object) {
  const decoded = elasticsearchConfig.decode(fields)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

function decodeOpensearch(fields: object) {
  const decoded = opensearchConfig.decode({ url: 'http://os:9200', ...fields })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

async function begin(t: TestContext, fields: object, options: FakeElasticsearchOptions = {}) {
  const fake = await startFakeElasticsearch({ keepDocuments: true, ...options })
  t.after(() => fake.close())
  const host = fakeOutputHost({ kind: 'elasticsearch', clock: systemClock() })
  t.after(() => host.close())
  const output = await openElasticsearch(decode({ url: fake.url, ...fields }), host)
  const documents = () =>
    fake.indices.documents().map(({ index, id, routing, source }) => ({ index, id, routing, source }))
  return {
    fake,
    host,
    documents,
    send: (...slices: Parameters<typeof output.send>[0]) => output.send(slices, never),
  }
}

const at = '2026-01-02T03:04:05.006Z'
const same = { timesMs: Array(5).fill(Date.parse(at)) }
const reasonOf = (outcome: Outcome) => ('reason' in outcome ? outcome.reason : '')

describe('records that have a say in where they go', () => {
  test('go to the index that they name, or to the one for all others', async t => {
    const { documents, send } = await begin(t, { index: '{ns}-%Y.%m', indexFallback: 'other' })
    assert.deepEqual(await send(fakeSlice([{ ns: 'Shop A/B', n: 1 }, { n: 2 }], same)), { kind: 'done' })
    assert.deepEqual(
      documents().map(({ index, source }) => [index, source]),
      [
        ['shop_a_b-2026.01', { ns: 'Shop A/B', n: 1, '@timestamp': at }],
        ['other', { n: 2, '@timestamp': at }],
      ],
    )
  })

  test('go to an index that is named after the machine in the URL alone', async t => {
    const { fake, send } = await begin(t, { index: 'x-{"a"}', tagField: 'tag' })
    assert.deepEqual(await send(fakeSlice([{ n: 1 }])), { kind: 'done' })
    assert.match(fake.last?.path ?? '', /^\/x-a\/_bulk/)
    assert.match(fake.last?.body.toString() ?? '', /^\{"index":\{\}\}\n\{"n":1,"tag":"tail","@timestamp":/)
  })

  test('go to a data stream that they name', async t => {
    const { fake, documents, send } = await begin(t, { dataStream: 'logs-{app|"none"}-default' })
    assert.deepEqual(await send(fakeSlice([{ app: 'shop' }, {}], same)), { kind: 'done' })
    assert.deepEqual(
      documents().map(({ index }) => index),
      ['logs-shop-default', 'logs-none-default'],
    )
    assert.match(fake.last?.body.toString() ?? '', /^\{"create":/)
  })

  test('have ids, routing, a pipeline and the tag from fields; the time in a field of its own', async t => {
    const { documents, send } = await begin(
      t,
      {
        index: 'a',
        idField: 'id',
        routingField: 'who.id',
        pipeline: 'p-{kind}',
        tagField: 'tag',
        timeField: 'when',
      },
      { pipelines: ['p-x'] },
    )
    const record = { id: 7, who: { id: 'w' }, kind: 'x', when: 'then' }
    assert.deepEqual(await send(fakeSlice([record, { n: 1 }], same)), { kind: 'done' })
    const [first, second] = documents()
    assert.deepEqual(first, { index: 'a', id: '7', routing: 'w', source: { ...record, tag: 'tail' } })
    assert.deepEqual(second.source, { n: 1, tag: 'tail', when: at })
  })

  test('have underscores for the dots in their names where that is wished', async t => {
    const { documents, send } = await begin(t, { index: 'a', replaceDots: true })
    assert.deepEqual(await send(fakeSlice([{ 'a.b': { 'c.d': 'e.f' } }], same)), { kind: 'done' })
    assert.deepEqual(documents()[0].source, { a_b: { c_d: 'e.f' }, '@timestamp': at })
  })

  test('take the place of a document, or are known already', async t => {
    const index = await begin(t, { index: 'a', idField: 'id' })
    assert.deepEqual(
      await index.send(
        fakeSlice([
          { id: 1, n: 1 },
          { id: 1, n: 2 },
        ]),
      ),
      { kind: 'done' },
    )
    assert.equal(index.fake.indices.count('a'), 1)
    const create = await begin(t, { index: 'a', idField: 'id', operation: 'create' })
    assert.deepEqual(
      await create.send(
        fakeSlice([
          { id: 1, n: 1 },
          { id: 1, n: 2 },
        ]),
      ),
      { kind: 'done' },
    )
    assert.equal(create.fake.counts.conflicts, 1)
  })

  test('update documents; those that have none, and those without an id, are dead letters', async t => {
    const { fake, documents, send } = await begin(t, { index: 'a', idField: 'id', operation: 'upsert' })
    assert.deepEqual(
      await send(
        fakeSlice(
          [
            { id: 'x', a: 1 },
            { id: 'x', b: 2 },
          ],
          same,
        ),
      ),
      { kind: 'done' },
    )
    assert.deepEqual(
      documents().map(({ source }) => source),
      [{ id: 'x', a: 1, b: 2, '@timestamp': at }],
    )
    const update = await openElasticsearch(
      decode({ url: fake.url, index: 'a', idField: 'id', operation: 'update' }),
      fakeOutputHost({ kind: 'elasticsearch', clock: systemClock() }),
    )
    const outcome = await update.send([fakeSlice([{ id: 'x', c: 3 }, { id: 'y' }, { n: 1 }], same)], never)
    assert.ok(outcome.kind === 'done')
    assert.deepEqual(
      outcome.rejected?.map(({ slices, reason }) => [recordsOf(slices), reason]),
      [
        [['{"id":"y"}'], 'document_missing_exception: [y]: document missing'],
        [['{"n":1}'], 'the record has no id to update (logs.outputs[0].elasticsearch.idField)'],
      ],
    )
    assert.deepEqual(documents()[0].source, { id: 'x', a: 1, b: 2, c: 3, '@timestamp': at })
  })

  test('are sent as UTF-8', async t => {
    const { host, documents, send } = await begin(t, { index: '{i|"a"}' })
    await send(fakeSlice([Buffer.from([...Buffer.from('{"m":"'), 0xff, ...Buffer.from('"}')])]))
    assert.equal(documents()[0].source['m'], '\ufffd')
    assert.equal(host.invalid.count, 1)
  })
})

describe('Amazon OpenSearch Service', () => {
  for (const service of ['es', 'aoss'] as const) {
    test(`takes requests that are signed for ${service}`, async t => {
      const fake = await startFakeElasticsearch({ aws: { ...keys, region: 'eu-central-1', service } })
      t.after(() => fake.close())
      const host = fakeOutputHost({ kind: 'opensearch', clock: systemClock() })
      t.after(() => host.close())
      const aws = { ...keys, region: 'eu-central-1', service }
      const output = await openOpensearch(
        decodeOpensearch({ url: fake.url, index: 'logs', aws, gzip: true }),
        host,
      )
      assert.deepEqual(await output.send([fakeSlice([{ n: 1 }])], never), { kind: 'done' })
      assert.equal(fake.counts.documents, 1)
    })
  }

  test('refuses others, and the options are named', async t => {
    const { send } = await begin(
      t,
      { index: 'logs', aws: { ...keys, secretAccessKey: 'wrong', region: 'eu-central-1' } },
      { aws: { ...keys, region: 'eu-central-1', service: 'es' } },
    )
    const outcome = await send(fakeSlice([{ n: 1 }]))
    assert.match(
      reasonOf(outcome),
      /403.*check logs\.outputs\[0\]\.elasticsearch\.aws\.accessKeyId, and that the domain/,
    )
  })
})

describe('a cloud id', () => {
  const id = (text: string) => `name:${btoa(text)}`
  const table: [string, string | undefined][] = [
    [id('eu-central-1.aws.cloud.es.io$abc$def'), 'https://abc.eu-central-1.aws.cloud.es.io:443'],
    [id('cloud.es.io:9243$abc$'), 'https://abc.cloud.es.io:9243'],
    [id('cloud.es.io$abc:9244$def'), 'https://abc.cloud.es.io:9244'],
    [id('cloud.es.io'), undefined],
    [id('x/y$a$b'), undefined],
    ['nonsense', undefined],
  ]
  for (const [text, url] of table) test(`${text} stands for ${url}`, () => assert.equal(cloudUrl(text), url))
})

describe('the configuration of both', () => {
  const url = 'http://es:9200'
  const mistakes: [object, RegExp][] = [
    [{}, /`url` is missing/],
    [{ url, cloudId: `a:${btoa('b.c$d$e')}` }, /got both/],
    [{ cloudId: 'nonsense' }, /not the id of a deployment/],
    [{ url, index: '{a}' }, /may have nothing/],
    [{ url, index: 'a', indexFallback: 'b' }, /has no effect/],
    [{ url, operation: 'update', index: 'a' }, /needs an id/],
    [{ url, operation: 'index', dataStream: 'a' }, /takes only `create`/],
    [{ url, apiKey: 'a', aws: { region: 'b' } }, /got `apiKey` and `aws`/],
    [{ url, aws: { accessKeyId: 'b' } }, /`secretAccessKey` is missing/],
    [{ url, idField: 'a b' }, /not a field/],
  ]
  for (const [fields, message] of mistakes) {
    test(`refuses ${JSON.stringify(fields)}`, () => {
      const problems = checkElasticsearch(decode(fields))
      assert.equal(problems.length, 1, JSON.stringify(problems))
      assert.match(problems[0].message, message)
    })
  }

  test('opensearch wants to know where to', () => {
    assert.match(checkOpensearch(decodeOpensearch({}))[0].message, /`index` is missing/)
    assert.deepEqual(checkOpensearch(decodeOpensearch({ index: 'a-%Y' })), [])
  })
})
