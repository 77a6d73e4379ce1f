import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { ProxyMetrics, TargetMetrics } from './metrics.ts'

const labels = { listener: 'in', route: 'r', cluster: 'c', class: '2xx', failure: '' }

test('requests are counted by the identity that their client has proved', async () => {
  const host = fakeHost({ name: 'proxy' })
  const target = new TargetMetrics(new ProxyMetrics(host.metrics), 'in', 'r', 'c')
  target.count(200, undefined, 'spiffe://a/ns/x/sa/shop')
  target.count(200, undefined)
  target.count(204, undefined, 'spiffe://a/ns/x/sa/shop')
  target.count(503, 'no_healthy_upstream', 'spiffe://a/ns/x/sa/shop')
  const of = (more: object) => host.metric('requests_total', { ...labels, ...more })
  assert.equal(of({ source: 'spiffe://a/ns/x/sa/shop' }), 2)
  assert.equal(of({ source: '' }), 1)
  const failed = { class: '5xx', failure: 'no_healthy_upstream', source: 'spiffe://a/ns/x/sa/shop' }
  assert.equal(of(failed), 1)
  await host.close()
})

test('identities beyond the limit are counted together', async () => {
  const host = fakeHost({ name: 'proxy' })
  const target = new TargetMetrics(new ProxyMetrics(host.metrics), 'in', 'r', 'c')
  for (let each = 0; each < 300; each++) target.count(200, undefined, `spiffe://a/${each}`)
  assert.equal(host.metric('requests_total', { ...labels, source: 'other' }), 300 - 256)
  assert.equal(host.metric('requests_total', { ...labels, source: 'spiffe://a/255' }), 1)
  await host.close()
})
