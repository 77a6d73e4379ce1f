import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { describe, type TestContext, test } from 'node:test'
import { datadogRule } from '../../../../../test/fakes/datadog/rule.ts'
import { startFakeHttp } from '../../../../../test/fakes/http/server.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { fakeOutputHost, fakeSlice, recordsOf } from '../output-fakes.ts'
import { checkDatadog, datadogConfig } from './config.ts'
import { openDatadog } from './output.ts'

const never = new AbortController().signal
const timeMs = Date.UTC(2026, 0, 2, 3, 4, 5, 6)

function decode(fields: object) {
  const decoded = datadogConfig.decode({ apiKey: 'key', ...fields })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

async function begin(t: TestContext, fields: object = {}) {
  const fake = await startFakeHttp({ rule: datadogRule('key'), success: 202 })
  t.after(() => fake.close())
  const host = fakeOutputHost({ kind: 'datadog', clock: systemClock() })
  t.after(() => host.close())
  const output = await openDatadog(decode({ url: fake.url, ...fields }), host)
  const send = (...slices: Parameters<typeof output.send>[0]) => output.send(slices, never)
  const entries = () => fake.requests.flatMap(({ body }) => JSON.parse(body.toString()))
  return { fake, host, output, send, entries }
}

describe('the datadog output', () => {
  test('gives records the attributes that Datadog knows', async t => {
    const { fake, send, entries } = await begin(t, {
      service: '{svc|"shop"}',
      source: 'nginx',
      host: '{$hostname}',
      ddTags: ['env:prod', 'pod:{pod}', 'none:{gone}'],
      tagField: 'tag',
    })
    assert.deepEqual(
      await send(
        fakeSlice([{ log: 'hi', svc: 'cart', service: 'old', pod: 'p-1', ddtags: 'a:b' }, { timestamp: 5 }]),
      ),
      {
        kind: 'done',
      },
    )
    assert.deepEqual(entries(), [
      {
        message: 'hi',
        svc: 'cart',
        service: 'cart',
        pod: 'p-1',
        ddtags: 'a:b,env:prod,pod:p-1',
        ddsource: 'nginx',
        hostname: hostname(),
        tag: 'tail',
        timestamp: timeMs,
      },
      {
        timestamp: 5,
        service: 'shop',
        ddsource: 'nginx',
        hostname: hostname(),
        ddtags: 'env:prod',
        tag: 'tail',
      },
    ])
    assert.equal(fake.requests[0].headers['content-encoding'], 'gzip')
  })

  test('leaves a record otherwise as it is', async t => {
    const { send, entries } = await begin(t, { messageField: 'a.b' })
    await send(fakeSlice([{ a: { b: 'text' }, log: 'x' }, { n: 1.0 }]))
    assert.deepEqual(entries(), [
      { a: { b: 'text' }, log: 'x', message: 'text', timestamp: timeMs },
      { n: 1, timestamp: timeMs + 1 },
    ])
  })

  test('keeps within what the intake takes', async t => {
    const { output, send, entries } = await begin(t)
    assert.equal(output.limits.maxRecords, 1000)
    assert.ok(output.limits.maxBytes < 5_000_000)
    const outcome = await send(fakeSlice([{ n: 1 }, { log: 'x'.repeat(1_000_000) }, { n: 3 }]))
    assert.equal(entries().length, 2)
    assert.deepEqual(
      outcome.kind === 'done' &&
        outcome.rejected?.map(({ slices, reason }) => [recordsOf(slices).length, reason]),
      [[1, 'the record is larger than 1 MB, of which Datadog would cut off the rest']],
    )
  })

  test('replaces bytes that are not UTF-8, and counts the record', async t => {
    const { host, send, entries } = await begin(t)
    await send(fakeSlice([Buffer.from([...Buffer.from('{"log":"'), 0xe2, 0x82, 0xff, ...Buffer.from('"}')])]))
    assert.match(entries()[0].message, /^\ufffd+$/)
    assert.equal(host.invalid.count, 1)
  })

  const statuses: [number, object][] = [
    [400, { kind: 'done', divided: 1 }],
    [401, { kind: 'failed', refused: true }],
    [403, { kind: 'failed', refused: true }],
    [408, { kind: 'failed' }],
    [413, { kind: 'too_large' }],
    [429, { kind: 'failed' }],
    [500, { kind: 'failed' }],
    [503, { kind: 'failed' }],
  ]
  for (const [status, expected] of statuses) {
    test(`takes ${status} for ${JSON.stringify(expected)}`, async t => {
      const { fake, send } = await begin(t)
      fake.faults.add({ kind: 'status', status, body: 'no' })
      const outcome = await send(fakeSlice([{ n: 1 }, { n: 2 }]))
      const { kind } = outcome
      const told =
        kind === 'done'
          ? { kind, divided: outcome.divide?.length }
          : { kind, ...('refused' in outcome ? { refused: true } : {}) }
      assert.deepEqual(told, expected)
    })
  }

  test('names the options when the key is refused', async t => {
    const { send } = await begin(t, { apiKey: 'other' })
    const outcome = await send(fakeSlice([{ n: 1 }]))
    assert.match('reason' in outcome ? outcome.reason : '', /403.*check logs\.outputs\[0\]\.datadog\.apiKey/)
  })

  test('a mistake in a template is told', () => {
    assert.match(checkDatadog(decode({ ddTags: ['a:{'] }))[0]?.message ?? '', /not a template/)
    assert.match(checkDatadog(decode({ maxRecords: 2000 }))[0]?.message ?? '', /at most 1000/)
  })
})
