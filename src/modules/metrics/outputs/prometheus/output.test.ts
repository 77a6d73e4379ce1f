import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { freePort } from '../../../../../test/fakes/free-port.ts'
import { startMetrics } from '../../module-fake.ts'

async function begin(t: TestContext, options: object = {}) {
  const port = await freePort()
  const started = await startMetrics({
    prometheus: { listen: `127.0.0.1:${port}`, names: ['outrigger_shop_*'], ...options },
  })
  t.after(() => started.host.close())
  started.orders.with('card').inc(2)
  const get = (path = '/metrics', init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init)
  return { ...started, get }
}

test('serves the chosen metrics with its labels, and nothing else', async t => {
  const { get, host } = await begin(t, { labels: { team: 'a' } })
  const response = await get()
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  assert.equal(
    await response.text(),
    '# HELP outrigger_shop_orders_total Orders.\n# TYPE outrigger_shop_orders_total counter\noutrigger_shop_orders_total{kind="card",team="a"} 2\n',
  )
  assert.equal((await get('/metrics', { method: 'HEAD' })).status, 200)
  assert.equal((await get('/')).status, 404)
  assert.equal((await get('/metrics', { method: 'POST', body: 'a' })).status, 405)
  assert.equal(host.metric('scrapes_total', { output: 'prometheus' }), 2)
})

test('speaks OpenMetrics to who asks for it', async t => {
  const { get } = await begin(t)
  const response = await get('/metrics', { headers: { accept: 'application/openmetrics-text' } })
  assert.match(response.headers.get('content-type')!, /^application\/openmetrics-text/)
  assert.match(await response.text(), /# EOF\n$/)
})

test('shows times where it is asked to', async t => {
  const { get, host } = await begin(t, { timestamps: true, path: '/own' })
  assert.match(await (await get('/own')).text(), new RegExp(`\\{kind="card"\\} 2 ${host.clock.now()}\n`))
})

test('names its option when the address is taken', async t => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => void taken.close())
  const { port } = taken.address() as { port: number }
  await assert.rejects(
    startMetrics({ prometheus: { listen: `127.0.0.1:${port}` } }),
    /metrics\.outputs\[0\]\.prometheus\.listen: /,
  )
})
