import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { Authority } from '../../../../../test/fakes/certificates.ts'
import { type FakeReceiver, startFakeReceiver } from '../../../../../test/fakes/prometheus/receiver.ts'
import { deadlineIn } from '../../../../kernel/lifecycle/deadline.ts'
import { startMetrics } from '../../module-fake.ts'

const INTERVAL_MS = 15_000

async function begin(
  t: TestContext,
  options: object = {},
  receiverOptions: Parameters<typeof startFakeReceiver>[0] = {},
) {
  const receiver = await startFakeReceiver(receiverOptions)
  t.after(() => receiver.close())
  const started = await startMetrics({
    remoteWrite: { url: receiver.url, names: ['outrigger_shop_*'], ...options },
  })
  const { host, running } = started
  t.after(() => host.close())
  const next = async () => {
    const { length } = receiver.requests
    await host.clock.elapse(INTERVAL_MS)
    await receiver.answered(length + 1)
  }
  const drain = async (reason: 'ending' | 'replaced' = 'ending') => {
    using deadline = deadlineIn(host.clock, 30_000)
    await running.drain!(deadline, reason)
  }
  /** Whatever the network does meanwhile. */
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise(resolve => setImmediate(resolve))
  }
  return { ...started, receiver, next, drain, until }
}

const values = (receiver: FakeReceiver, name: string) =>
  receiver.series.get(`outrigger_shop_${name}`)?.map(({ value }) => value)

describe('remote write', () => {
  test('sends the chosen metrics at each interval, with its labels, unless a series has one itself', async t => {
    const { receiver, orders, stock, host, next, until } = await begin(t, {
      labels: { job: 'shop', kind: 'none' },
    })
    orders.with('card').inc(2)
    stock.with('').set(7)
    await next()
    orders.with('card').inc()
    await next()
    const at = host.clock.now()
    assert.deepEqual(Object.fromEntries(receiver.series), {
      'outrigger_shop_orders_total{job="shop",kind="card"}': [
        { value: 2, timeMs: at - INTERVAL_MS },
        { value: 3, timeMs: at },
      ],
      'outrigger_shop_stock_items{job="shop",kind="none"}': [
        { value: 7, timeMs: at - INTERVAL_MS },
        { value: 7, timeMs: at },
      ],
    })
    await until(() => host.metric('sent_samples_total', { output: 'remoteWrite' }) === 4)
  })

  test('tells what its metrics are once a minute', async t => {
    const { receiver, orders, next } = await begin(t)
    orders.with('a').inc()
    for (let i = 0; i < 5; i++) await next()
    const told = { type: 1, name: 'outrigger_shop_orders_total', help: 'Orders.' }
    assert.deepEqual(receiver.metadata, [told, told])
  })

  test('ends a series that is there no more, and only once', async t => {
    const { receiver, stock, next } = await begin(t)
    stock.with('tea').set(1)
    stock.with('milk').set(2)
    await next()
    stock.remove('tea')
    await next()
    await next()
    stock.with('tea').set(3)
    await next()
    assert.deepEqual(values(receiver, 'stock_items{item="tea"}'), [1, 'stale', 3])
    assert.deepEqual(values(receiver, 'stock_items{item="milk"}'), [2, 2, 2, 2])
  })

  test('sends the last values at the end, and ends every series', async t => {
    const { receiver, orders, drain } = await begin(t)
    orders.with('card').inc(5)
    await drain()
    assert.deepEqual(values(receiver, 'orders_total{kind="card"}'), [5, 'stale'])
  })

  test('leaves the series to the next instance when it is replaced', async t => {
    const { receiver, orders, next, drain } = await begin(t)
    orders.with('card').inc(5)
    await next()
    await drain('replaced')
    assert.deepEqual(values(receiver, 'orders_total{kind="card"}'), [5])
  })

  test('cuts what is more than one request takes', async t => {
    const { receiver, stock, host } = await begin(t, { maxSamples: 3 })
    for (let i = 0; i < 7; i++) stock.with(`item${i}`).set(i)
    await host.clock.elapse(INTERVAL_MS)
    await receiver.answered(3)
    assert.equal(receiver.series.size, 7)
    assert.equal(receiver.requests.length, 3)
  })

  const repeated = [
    ['429', { kind: 'status', status: 429 }],
    ['500', { kind: 'status', status: 500 }],
    ['503', { kind: 'status', status: 503 }],
    ['a broken connection', { kind: 'reset', when: 'before' }],
  ] as const
  for (const [what, fault] of repeated)
    test(`repeats after ${what}, and later values come behind it`, async t => {
      const { receiver, orders, host, running, until } = await begin(t)
      // A connection that breaks is tried on another one at once.
      receiver.faults.add(fault, fault)
      orders.with('a').inc()
      await host.clock.elapse(INTERVAL_MS)
      await until(() => running.health().state === 'degraded')
      orders.with('a').inc()
      await host.clock.elapse(INTERVAL_MS)
      await until(() => {
        host.clock.advance(100)
        return values(receiver, 'orders_total{kind="a"}')?.length === 2
      })
      assert.deepEqual(values(receiver, 'orders_total{kind="a"}'), [1, 2])
      await until(() => running.health().state === 'ok')
    })

  test('waits as long as Retry-After asks', async t => {
    const { receiver, orders, host, running, until } = await begin(t)
    receiver.faults.add({ kind: 'status', status: 503, headers: { 'retry-after': '120' } })
    orders.with('a').inc()
    await host.clock.elapse(INTERVAL_MS)
    await until(() => running.health().state === 'degraded')
    assert.match(running.health().message!, /503/)
    await host.clock.elapse(119_000)
    assert.equal(receiver.requests.length, 1)
    await host.clock.elapse(1000)
    await receiver.answered(2)
    assert.equal(receiver.requests[1].status, 204)
  })

  for (const status of [400, 401, 404, 413, 422, 302])
    test(`never repeats what is answered by ${status}, counts it, and goes on`, async t => {
      const { receiver, orders, host, running, next, until } = await begin(t)
      receiver.faults.add({ kind: 'status', status, body: 'no' })
      orders.with('a').inc()
      await next()
      await until(() => running.health().state === 'degraded')
      assert.match(running.health().message!, new RegExp(`${status}: no`))
      const dropped = { output: 'remoteWrite', reason: 'rejected' }
      assert.equal(host.metric('dropped_samples_total', dropped), 1)
      orders.with('a').inc()
      await next()
      assert.deepEqual(values(receiver, 'orders_total{kind="a"}'), [2])
    })

  test('keeps what waits within its bound: the oldest values go, counted', async t => {
    const { receiver, stock, host, running, until } = await begin(t, { queue: '64KiB', maxSamples: 100 })
    receiver.faults.chaos = () => ({ kind: 'status', status: 503, headers: { 'retry-after': '600' } })
    const noise = (i: number) =>
      Array.from({ length: 20 }, (_, j) => Math.sin(i * 31 + j).toString(36)).join()
    for (let i = 0; i < 300; i++) stock.with(noise(i)).set(i)
    for (let round = 0; round < 6; round++) await host.clock.elapse(INTERVAL_MS)
    const dropped = { output: 'remoteWrite', reason: 'queue_full' }
    await until(() => host.metric('dropped_samples_total', dropped)! > 0)
    assert.ok(host.metric('queue_bytes', { output: 'remoteWrite' })! <= 65_536)
    await until(() => running.health().state === 'degraded')
    assert.match(running.health().message!, /503.*; \d+ values wait/)
  })

  test('gives up after a moment when the receiver is away at the end, and counts what is lost', async t => {
    const { receiver, orders, host, drain, until } = await begin(t)
    receiver.faults.chaos = () => ({ kind: 'status', status: 503 })
    orders.with('a').inc()
    let done = false
    const drained = drain().then(() => {
      done = true
    })
    const began = host.clock.monotonic()
    await until(() => {
      host.clock.advance(50)
      return done
    })
    await drained
    assert.ok(receiver.requests.length > 1)
    assert.ok(host.clock.monotonic() - began >= 5000)
    assert.equal(host.metric('dropped_samples_total', { output: 'remoteWrite', reason: 'ended' }), 2)
  })

  test('proves who it is, sends further headers, and keeps the query of its address', async t => {
    const authorization = `Basic ${btoa('me:secret')}`
    const { receiver, orders, next, host } = await begin(
      t,
      {
        auth: { username: 'me', password: 'secret' },
        headers: { 'X-Scope-OrgID': 'shop', 'Content-Type': 'text/plain' },
      },
      { authorization },
    )
    orders.with('a').inc()
    await next()
    assert.equal(receiver.requests[0].status, 204)
    assert.equal(receiver.requests[0].headers['x-scope-orgid'], 'shop')
    assert.ok(!JSON.stringify(host.log.records).includes('secret'))
  })

  test('signs its requests for AWS, the query of the address too', async t => {
    const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', region: 'eu-central-1' }
    const now = () => host.clock.now()
    const { receiver, orders, next, host } = await begin(
      t,
      { aws: keys },
      { aws: { ...keys, service: 'aps', now: () => now() } },
    )
    orders.with('a').inc()
    await next()
    assert.equal(receiver.requests[0].status, 204)
  })

  test('checks the certificate of the receiver', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-metrics-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const authority = new Authority()
    const tls = authority.issue('receiver', ['127.0.0.1'])
    const [ca, other] = [join(folder, 'ca.pem'), join(folder, 'other.pem')]
    await writeFile(ca, authority.cert)
    await writeFile(other, new Authority('another').cert)
    const good = await begin(t, { tls: { ca } }, { tls })
    good.orders.with('a').inc()
    await good.next()
    assert.equal(good.receiver.requests[0].status, 204)
    const bad = await begin(t, { tls: { ca: other } }, { tls })
    bad.orders.with('a').inc()
    await bad.host.clock.elapse(INTERVAL_MS)
    await bad.until(() => bad.running.health().state === 'degraded')
    assert.match(bad.running.health().message!, /remoteWrite\.tls/)
    assert.equal(bad.receiver.requests.length, 0)
  })
})
