import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counts, Load } from './load.ts'
import { MoodyBackend } from './moody-backend.ts'
import { ProxySidecar } from './proxy-sidecar.ts'

const CLIENTS = 16

test('no request fails while routes, upstreams and listeners change under it', {
  timeout: 60_000,
}, async t => {
  await using scope = new AsyncDisposableStack()
  const backs = await Promise.all(Array.from({ length: 4 }, () => MoodyBackend.start()))
  for (const back of backs) scope.use(back)
  for (const back of backs.slice(2)) await back.become('slow')
  const upstream = (...which: number[]) => ({ endpoints: which.map(at => ({ address: backs[at]!.address })) })
  const front = { name: 'front', listen: '127.0.0.1:0', upstream: 'one' }
  const both = { one: upstream(0, 2), two: upstream(1, 3) }
  const sidecar = scope.use(await ProxySidecar.start({ listeners: [front], upstreams: both }))
  const port = await sidecar.listens()
  const listen = `127.0.0.1:${port}`
  const fixed = { ...front, listen }
  const side = { name: 'side', listen: '127.0.0.1:0', upstream: 'two' }
  const changes: Readonly<Record<string, object>> = {
    'the same place, spelled out': { listeners: [fixed], upstreams: both },
    'another upstream': { listeners: [{ ...fixed, upstream: 'two' }], upstreams: both },
    'an upstream less': { listeners: [{ ...fixed, upstream: 'two' }], upstreams: { two: both.two } },
    'other endpoints': { listeners: [{ ...fixed, upstream: 'two' }], upstreams: { two: upstream(0, 2) } },
    'other settings of connections': {
      listeners: [{ ...fixed, upstream: 'two' }],
      upstreams: { two: { ...upstream(0, 2), idleTimeout: '1s', balancing: 'round_robin' } },
    },
    'health checks and hedging': {
      listeners: [{ ...fixed, upstream: 'two' }],
      upstreams: { two: { ...upstream(0, 2), healthChecks: [{ tcp: {} }], hedging: { delay: '10ms' } } },
    },
    'another listener beside it': { listeners: [fixed, side], upstreams: both },
    'the listener under another name': { listeners: [{ ...fixed, name: 'renamed' }, side], upstreams: both },
    'a listener less': { listeners: [{ ...fixed, name: 'renamed' }], upstreams: both },
    'time limits and retries': {
      listeners: [{ ...fixed, requestTimeout: '30s', tryTimeout: '10s', retry: { attempts: 2 } }],
      upstreams: both,
    },
  }
  await using load = new Load(() => port, CLIENTS, ['GET', 'POST'])
  await load.more(100)
  for (const [what, proxy] of Object.entries(changes)) {
    const before = load.outcomes.length
    await sidecar.reload(proxy)
    await load.more(150)
    t.diagnostic(`${what}: ${JSON.stringify(counts(load.outcomes.slice(before)))}`)
  }
  const outcomes = await load.end()
  assert.deepEqual(
    outcomes.filter(({ status }) => status !== 200),
    [],
    sidecar.tail,
  )
  assert.equal(sidecar.strange, '')
})
