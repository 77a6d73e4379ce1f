import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { Secret } from '../../../../kernel/config/secret.ts'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import type { Span } from '../../../../wire/otlp/span.ts'
import { fakeCollector } from './collector-fake.ts'
import type { OtlpConfig } from './config.ts'
import { Exporter } from './exporter.ts'

const span: Span = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: '',
  traceState: '',
  name: 'GET',
  kind: 'server',
  startMs: 1,
  endMs: 2,
  attributes: {},
  error: undefined,
}

function exporterTo(url: string, more: Partial<OtlpConfig> = {}) {
  const host = fakeHost({ name: 'proxy', clock: systemClock() })
  const config: OtlpConfig = {
    url,
    encoding: 'protobuf',
    headers: {},
    intervalMs: 10,
    timeoutMs: 5000,
    maxBatch: 4,
    maxQueue: 8,
    ...more,
  }
  const exporter = new Exporter(config, {
    clock: host.clock,
    log: host.log,
    random: () => 0,
    exported: host.metrics.counter('exported_total', '').with(),
    dropped: host.metrics.counter('dropped_total', '', ['reason']),
    resource: { 'service.name': 'shop' },
    version: '1',
  })
  const lost = (reason: string) => host.metric('dropped_total', { reason })
  return { host, exporter, lost, exported: () => host.metric('exported_total') }
}

describe('spans', () => {
  test('are sent together, at most so many at once', async () => {
    await using collector = await fakeCollector()
    const { exporter, exported } = exporterTo(collector.url)
    for (let count = 0; count < 6; count++) exporter.put(span)
    await collector.spans(6)
    assert.deepEqual(
      collector.received.map(({ spans }) => spans.length),
      [4, 2],
    )
    await exporter[Symbol.asyncDispose]()
    assert.equal(exported(), 6)
  })

  test('are sent again when the collector is busy, after the time that it asks for', async () => {
    await using collector = await fakeCollector()
    const { exporter, lost } = exporterTo(collector.url)
    collector.answerNext(response => response.writeHead(503, { 'retry-after': '0' }).end())
    exporter.put(span)
    await collector.spans(1)
    assert.equal(collector.posts, 2)
    assert.equal(lost('unreachable'), undefined)
    await exporter[Symbol.asyncDispose]()
  })

  test('that are refused for good are counted and not sent again', async () => {
    await using collector = await fakeCollector()
    const { exporter, lost, host } = exporterTo(collector.url)
    collector.answerNext(response => response.writeHead(400).end())
    exporter.put(span)
    await exporter[Symbol.asyncDispose]()
    assert.equal(collector.posts, 1)
    assert.equal(lost('refused'), 1)
    assert.match(host.log.of('spans_lost')[0]!.message, /it answered 400/)
  })

  test('of which the collector took a part are counted by what became of them', async () => {
    await using collector = await fakeCollector()
    const { exporter, lost, exported } = exporterTo(collector.url)
    collector.answerNext(response => response.end(Buffer.from('0a0408021200', 'hex')))
    for (let count = 0; count < 3; count++) exporter.put(span)
    await exporter[Symbol.asyncDispose]()
    assert.equal(lost('refused'), 2)
    assert.equal(exported(), 1)
  })

  test('that do not fit into the queue are dropped and counted', async () => {
    await using collector = await fakeCollector()
    const { exporter, lost } = exporterTo(collector.url, { intervalMs: 60_000, maxBatch: 100 })
    for (let count = 0; count < 10; count++) exporter.put(span)
    assert.equal(lost('queue_full'), 2)
    await exporter[Symbol.asyncDispose]()
    assert.equal((await collector.spans(8)).length, 8)
  })

  test('do not keep the sidecar from ending when the collector never answers', async () => {
    await using collector = await fakeCollector()
    const { exporter, lost } = exporterTo(collector.url, { timeoutMs: 50 })
    for (let count = 0; count < 20; count++) collector.answerNext(() => {})
    exporter.put(span)
    await exporter[Symbol.asyncDispose]()
    assert.equal(lost('unreachable'), 1)
  })

  test('carry the configured fields, whose values are secrets', async () => {
    await using collector = await fakeCollector()
    const { exporter } = exporterTo(collector.url, { headers: { 'x-key': new Secret('hush') } })
    const key = Promise.withResolvers<unknown>()
    collector.answerNext(response => {
      key.resolve(response.req.headers['x-key'])
      response.end()
    })
    exporter.put(span)
    assert.equal(await key.promise, 'hush')
    await exporter[Symbol.asyncDispose]()
  })
})
