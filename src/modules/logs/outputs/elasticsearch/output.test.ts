import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { Authority } from '../../../../../test/fakes/certificates.ts'
import {
  type FakeElasticsearchOptions,
  startFakeElasticsearch,
} from '../../../../../test/fakes/elasticsearch/server.ts'
import type { Fault } from '../../../../../test/fakes/faults.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import type { Outcome } from '../output.ts'
import { fakeOutputHost, fakeSlice, recordsOf } from '../output-fakes.ts'
import { elasticsearchConfig } from './config.ts'
import { openElasticsearch } from './output.ts'

const never = new AbortController().signal

/** An output with these options, before a fake server with those. */
async function begin(t: TestContext, fields: object = {}, options: FakeElasticsearchOptions = {}) {
  const fake = await startFakeElasticsearch({ keepDocuments: true, sequenceField: 'n', ...options })
  t.after(() => fake.close())
  const opened = await open(t, { url: fake.url, ...fields })
  return { fake, ...opened }
}

async function open(t: TestContext, fields: object, clock = systemClock()) {
  const decoded = elasticsearchConfig.decode(fields)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  const host = fakeOutputHost({ kind: 'elasticsearch', clock })
  t.after(() => host.close())
  const output = await openElasticsearch(decoded.value, host)
  return { host, output, send: (...slices: Parameters<typeof output.send>[0]) => output.send(slices, never) }
}

function reasonOf(outcome: Outcome): string {
  return 'reason' in outcome ? outcome.reason : ''
}

const records = [{ n: 1 }, { n: 2 }, { n: 3 }]

describe('the elasticsearch output', () => {
  test('creates documents in the default data stream', async t => {
    const { fake, send } = await begin(t)
    assert.deepEqual(await send(fakeSlice(records)), { kind: 'done' })
    const [first] = fake.indices.documents('logs-outrigger-default')
    assert.deepEqual(first.source, { '@timestamp': '2026-01-02T03:04:05.006Z', n: 1 })
    assert.equal(fake.counts.documents, 3)
    assert.equal(fake.last?.headers['content-type'], 'application/x-ndjson')
    assert.match(fake.last?.path ?? '', /^\/logs-outrigger-default\/_bulk\?filter_path=/)
  })

  test('writes to a dated index below a path', async t => {
    const { fake, host } = await begin(t)
    const { send } = await open(t, { url: `${fake.url}/es/`, index: 'app-%Y.%m.%d' })
    assert.equal((await send(fakeSlice(records))).kind, 'done')
    assert.equal(fake.indices.count('app-2026.01.02'), 3)
    assert.match(fake.last?.path ?? '', /^\/es\/_bulk\?/)
    assert.equal(host.invalid.count, 0)
  })

  test('sends compressed bodies', async t => {
    const { fake, send } = await begin(t, { gzip: true })
    assert.equal((await send(fakeSlice(records))).kind, 'done')
    assert.equal(fake.last?.headers['content-encoding'], 'gzip')
    assert.equal(fake.counts.documents, 3)
  })

  test('with ids by position stores nothing twice', async t => {
    const { fake, send } = await begin(t, { ids: 'position' })
    fake.faults.add({ kind: 'reset', when: 'after' })
    assert.equal((await send(fakeSlice(records))).kind, 'failed')
    assert.deepEqual(await send(fakeSlice(records)), { kind: 'done' })
    assert.equal(fake.counts.documents, 3)
    assert.equal(fake.counts.conflicts, 3)
  })

  test('replaces what is not UTF-8 and counts it', async t => {
    const { fake, host, send } = await begin(t)
    const broken = Buffer.from([...Buffer.from('{"n":1,"a":"'), 0xff, ...Buffer.from('"}')])
    assert.equal((await send(fakeSlice([broken, { n: 2 }]))).kind, 'done')
    assert.equal(fake.indices.documents()[0].source['a'], '\ufffd')
    assert.equal(host.invalid.count, 1)
  })

  test('passes through pipeline and headers', async t => {
    const { fake, send } = await begin(
      t,
      { pipeline: 'access log', headers: { 'X-Scope': 'a' } },
      { pipelines: ['access log'] },
    )
    assert.deepEqual(await send(fakeSlice(records)), { kind: 'done' })
    assert.equal(fake.last?.headers['x-scope'], 'a')
  })

  test('names the pipeline option when the pipeline is missing', async t => {
    const { send } = await begin(t, { pipeline: 'gone' })
    const outcome = await send(fakeSlice(records))
    assert.equal(outcome.kind === 'failed' && outcome.refused, true)
    assert.match(reasonOf(outcome), /logs\.outputs\[0\]\.elasticsearch\.pipeline/)
  })

  test('hands back what the mapping refuses, with the reason, and nothing else', async t => {
    const { fake, send } = await begin(t, {}, { mappings: { status: 'long' } })
    const outcome = await send(fakeSlice([{ n: 1, status: 200 }, { n: 2, status: 'none' }, { n: 3 }]))
    assert.equal(outcome.kind, 'done')
    const { rejected, retry } = outcome as Extract<Outcome, { kind: 'done' }>
    assert.deepEqual(recordsOf(rejected?.[0].slices), ['{"n":2,"status":"none"}'])
    assert.match(rejected?.[0].reason ?? '', /failed to parse field \[status\] of type \[long\]/)
    assert.equal(retry, undefined)
    assert.deepEqual([...fake.sequences.keys()], [1, 3])
  })

  test('hands back items that the server had no room for', async t => {
    const { fake, send } = await begin(t)
    fake.faults.add({ kind: 'items', status: 429, refuse: ordinal => ordinal === 1 })
    const outcome = await send(fakeSlice(records))
    assert.deepEqual(recordsOf((outcome as Extract<Outcome, { kind: 'done' }>).retry), ['{"n":2}'])
  })

  test('says that a body is too large for the server', async t => {
    const { send } = await begin(t, {}, { maxBodyBytes: 100 })
    assert.equal((await send(fakeSlice(records))).kind, 'too_large')
  })

  test('never makes a body beyond its limit out of what its limits allow', async t => {
    const { fake, output } = await begin(t, { maxBody: '64KiB', index: 'app-%Y.%m.%d', ids: 'position' })
    const { maxBytes, maxRecords } = output.limits
    const size = Math.floor(maxBytes / maxRecords)
    const full = fakeSlice(Array.from({ length: maxRecords }, () => `{"a":"${'x'.repeat(size - 8)}"}`))
    assert.equal((await output.send([full], never)).kind, 'done')
    assert.ok(fake.counts.bodyBytes <= 64 * 1024, `${fake.counts.bodyBytes}`)
    assert.ok(fake.counts.bodyBytes > 55 * 1024, `${fake.counts.bodyBytes}`)
  })

  const faults: { what: string; fault: Fault; says: RegExp }[] = [
    { what: '429', fault: { kind: 'status', status: 429, headers: { 'retry-after': '2' } }, says: /429/ },
    { what: '503', fault: { kind: 'status', status: 503 }, says: /503/ },
    {
      what: 'a reset before the work',
      fault: { kind: 'reset' },
      says: /closed the connection.*logs\.outputs\[0\]\.elasticsearch\.url/,
    },
    {
      what: 'a reset after the work',
      fault: { kind: 'reset', when: 'after' },
      says: /closed the connection/,
    },
    { what: 'no answer', fault: { kind: 'hang' }, says: /1000 ms/ },
    {
      what: 'a page instead of an answer',
      fault: { kind: 'text', body: '<html>' },
      says: /elasticsearch\.url/,
    },
  ]
  for (const { what, fault, says } of faults) {
    test(`reports ${what} and works again after it`, async t => {
      const { fake, send } = await begin(t, { timeout: '1s' })
      fake.faults.add(fault)
      const outcome = await send(fakeSlice(records))
      assert.equal(outcome.kind, 'failed')
      assert.match(reasonOf(outcome), says)
      if (fault.kind === 'status' && fault.headers)
        assert.equal(outcome.kind === 'failed' && outcome.afterMs, 2000)
      assert.deepEqual(await send(fakeSlice(records)), { kind: 'done' })
    })
  }

  test('gives up when told to', async t => {
    const { fake, output } = await begin(t)
    fake.faults.add({ kind: 'hang' })
    const stop = new AbortController()
    const outcome = output.send([fakeSlice(records)], stop.signal)
    stop.abort(new Error('drained'))
    assert.equal((await outcome).kind, 'failed')
  })

  const nobody = [
    {
      what: 'a host that does not exist',
      url: 'http://nowhere.invalid:9200',
      says: /nowhere\.invalid.*check logs\.outputs\[0\]\.elasticsearch\.url/,
    },
    {
      what: 'a port on which nothing listens',
      url: 'http://127.0.0.1:9',
      says: /refused.*check logs\.outputs\[0\]\.elasticsearch\.url/,
    },
  ]
  for (const { what, url, says } of nobody) {
    test(`reports ${what} in plain words`, async t => {
      const { send } = await open(t, { url })
      const outcome = await send(fakeSlice(records))
      assert.equal(outcome.kind, 'failed')
      assert.match(reasonOf(outcome), says)
    })
  }
})

describe('the elasticsearch output proves who it is', () => {
  const user = { name: 'me', password: 'pässword' }
  const table = [
    {
      by: 'an API key',
      fields: { apiKey: 'a2V5' },
      options: { apiKey: 'a2V5' },
      wrong: { apiKey: 'b' },
      says: /elasticsearch\.apiKey/,
    },
    {
      by: 'a password',
      fields: { username: 'me', password: 'pässword' },
      options: { user },
      wrong: { username: 'me', password: 'x' },
      says: /elasticsearch\.password/,
    },
  ]
  for (const { by, fields, options, wrong, says } of table) {
    test(`by ${by}`, async t => {
      const { send } = await begin(t, fields, options)
      assert.equal((await send(fakeSlice(records))).kind, 'done')
    })

    test(`and names the option when ${by} is refused, without the secret`, async t => {
      const { send } = await begin(t, wrong, options)
      const outcome = await send(fakeSlice(records))
      assert.equal(outcome.kind === 'failed' && outcome.refused, true)
      assert.match(reasonOf(outcome), says)
    })
  }

  test('by a client certificate, which it takes up when it appears and renews when it changes', async t => {
    const authority = new Authority()
    const server = authority.issue('fake', ['localhost'])
    const { fake } = await begin(t, {}, { tls: { ...server, clientCa: authority.cert } })
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-es-'))
    t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
    const tls = { ca: join(folder, 'ca.pem'), cert: join(folder, 'me.pem'), key: join(folder, 'me.key') }
    const clock = systemClock()
    const { monotonic } = clock
    let laterMs = 0
    clock.monotonic = () => monotonic() + laterMs
    const { send } = await open(t, { url: fake.url, tls }, clock)

    const missing = await send(fakeSlice(records))
    assert.equal(missing.kind === 'failed' && missing.refused, true)
    assert.match(reasonOf(missing), /elasticsearch\.tls\.ca cannot be read/)

    const client = authority.issue('client')
    await Promise.all([
      writeFile(tls.ca, authority.cert),
      writeFile(tls.cert, client.cert),
      writeFile(tls.key, client.key),
    ])
    assert.deepEqual(await send(fakeSlice(records)), { kind: 'done' })
    assert.equal(fake.counts.documents, 3)

    const stranger = new Authority().issue('client')
    await Promise.all([writeFile(tls.cert, stranger.cert), writeFile(tls.key, stranger.key)])
    assert.equal((await send(fakeSlice(records))).kind, 'done', 'looks at the files only now and then')
    laterMs = 61_000
    assert.equal((await send(fakeSlice(records))).kind, 'failed')
  })

  test('not to a server whose certificate it cannot trust', async t => {
    const { fake } = await begin(t, {}, { tls: new Authority().issue('fake', ['localhost']) })
    const { send } = await open(t, { url: fake.url })
    const outcome = await send(fakeSlice(records))
    assert.equal(outcome.kind === 'failed' && outcome.refused, true)
    assert.match(
      reasonOf(outcome),
      /TLS with localhost:\d+ failed.*check logs\.outputs\[0\]\.elasticsearch\.url and .*\.tls/,
    )
    assert.equal(fake.counts.documents, 0)
  })

  test('to any server when told not to verify', async t => {
    const { fake } = await begin(t, {}, { tls: new Authority().issue('other', ['elsewhere']) })
    const { send } = await open(t, { url: fake.url, tls: { verify: false } })
    assert.equal((await send(fakeSlice(records))).kind, 'done')
  })

  test('to a server by the name that it is told to expect', async t => {
    const authority = new Authority()
    const { fake } = await begin(t, {}, { tls: authority.issue('fake', ['logs.internal']) })
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-es-'))
    t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
    const ca = join(folder, 'ca.pem')
    await writeFile(ca, authority.cert)
    const { send } = await open(t, { url: fake.url, tls: { ca, serverName: 'logs.internal' } })
    assert.equal((await send(fakeSlice(records))).kind, 'done')
  })
})
