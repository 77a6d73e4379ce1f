// Which endpoints of an upstream get requests, and how many, while they come, fail, slow down and return.
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { createHttpClient } from '../../http/client/client.ts'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { type EchoBackend, echoBackend } from './echo-fake.ts'
import { decodedProxy, type StartedProxy, startConfigured } from './proxy-fake.ts'

const open: Disposable[] = []
afterEach(() => {
  for (const one of open.splice(0)) one[Symbol.dispose]()
})

interface Behaviour {
  readonly status?: (request: number) => number
  /** What the sidecar's clock shows of its answers. */
  readonly takesMs?: number
}

/** A backend that does as it is told at the time. */
async function backend(name: string, clock: FakeClock, behaviour: Behaviour = {}) {
  let now = behaviour
  let requests = 0
  const made: EchoBackend = await echoBackend(name, response => {
    if (now.takesMs !== undefined) clock.advance(now.takesMs)
    response.send(now.status?.(requests++) ?? 200, {}, name)
  })
  open.push(made)
  return {
    address: made.address,
    behaves: (next: Behaviour) => {
      now = next
    },
  }
}

const configOf = (endpoints: readonly object[], upstream: object) =>
  decodedProxy({
    listeners: [{ name: 'front', listen: '127.0.0.1:0', upstream: 'back' }],
    upstreams: { back: { endpoints, balancing: 'round_robin', panicThreshold: 0, ...upstream } },
  })

/** How many of so many requests each backend answered, by name; one request after another. */
async function counts({ port }: StartedProxy, requests: number): Promise<Record<string, number>> {
  const client = createHttpClient({ clock: systemClock(), origin: new URL(`http://127.0.0.1:${port}`) })
  const got: Record<string, number> = {}
  for (let request = 0; request < requests; request++) {
    const { body } = await client.request({ method: 'GET', path: '/' })
    const name = (await body.bytes(1000)).toString()
    got[name] = (got[name] ?? 0) + 1
  }
  client.close()
  return got
}

const ejected = ({ host }: StartedProxy) =>
  host.metric('cluster_endpoints', { cluster: 'back', state: 'ejected' })
const ejections = ({ host }: StartedProxy, cause: string) =>
  host.metric('cluster_ejections_total', { cluster: 'back', cause }) ?? 0

test('with slow start an endpoint that is new gets its share little by little, and so does one that is back', async () => {
  const clock = new FakeClock()
  const [old, young] = [await backend('old', clock), await backend('young', clock)]
  const upstream = {
    slowStart: '100s',
    outlierDetection: { consecutiveErrors: 3, ejectionJitter: '0s', baseEjectionTime: '30s' },
  }
  await using proxy = await startConfigured(configOf([{ address: old.address }], upstream), clock)
  await counts(proxy, 1)
  const both = [{ address: old.address }, { address: young.address }]
  assert.equal(await proxy.running.update!(configOf(both, upstream)), true)
  const share = async () => ((await counts(proxy, 200))['young'] ?? 0) / 200
  const grown: number[] = []
  for (const ms of [0, 25_000, 25_000, 50_000]) {
    clock.advance(ms)
    grown.push(await share())
  }
  // A tenth, a quarter and a half of its weight against the other's: 0.09, 0.2, 0.33; then as much as the other.
  for (const [at, expected] of [0.09, 0.2, 0.33, 0.5].entries())
    assert.ok(Math.abs(grown[at]! - expected) < 0.06, `${grown}`)
  young.behaves({ status: () => 500 })
  await counts(proxy, 20)
  assert.equal(ejected(proxy), 1)
  young.behaves({})
  clock.advance(30_000)
  assert.equal(ejected(proxy), 0)
  assert.ok((await share()) < 0.2)
  clock.advance(100_000)
  assert.ok((await share()) > 0.4)
})

test('endpoints of the own zone are preferred, and what they lack in health goes to the others', async () => {
  const clock = new FakeClock()
  const near = [await backend('near', clock), await backend('near', clock)]
  const far = [await backend('far', clock), await backend('far', clock)]
  const endpoints = [
    ...near.map(({ address }) => ({ address, zone: 'a' })),
    ...far.map(({ address }) => ({ address, zone: 'b' })),
  ]
  const outlierDetection = {
    ...{ consecutiveErrors: 2, maxEjectionPercent: 100, ejectionJitter: '0s', baseEjectionTime: '30s' },
    successRateDeviations: 0,
  }
  await using proxy = await startConfigured(configOf(endpoints, { preferZone: 'a', outlierDetection }), clock)
  assert.deepEqual(await counts(proxy, 100), { near: 100 })
  near[0]!.behaves({ status: () => 500 })
  await counts(proxy, 10)
  assert.equal(ejected(proxy), 1)
  // 1.4 times a half of the requests stay near: 280 of 400, with a standard deviation of 9.2; seven of them either way.
  const half = await counts(proxy, 400)
  assert.ok(Math.abs(half['near']! - 280) < 65, JSON.stringify(half))
  near[1]!.behaves({ status: () => 500 })
  await counts(proxy, 60)
  assert.equal(ejected(proxy), 2)
  assert.deepEqual(await counts(proxy, 50), { far: 50 })
  for (const one of near) one.behaves({})
  clock.advance(60_000)
  assert.deepEqual(await counts(proxy, 50), { near: 50 })
})

describe('outlier detection', () => {
  async function five(outlierDetection: object) {
    const clock = new FakeClock()
    const backends = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(name => backend(name, clock)))
    const endpoints = backends.map(({ address }) => ({ address }))
    const common = { consecutiveErrors: 0, minRequests: 20, ejectionJitter: '0s', baseEjectionTime: '30s' }
    const upstream = { outlierDetection: { ...common, ...outlierDetection } }
    return { clock, backends, proxy: await startConfigured(configOf(endpoints, upstream), clock) }
  }
  const ALL = { a: 20, b: 20, c: 20, d: 20, e: 20 }

  test('leaves out who fails far more often than the others, though never twice in a row, and takes it back', async () => {
    const { clock, backends, proxy } = await five({})
    await using _ = proxy
    backends[0]!.behaves({ status: request => (request % 2 === 0 ? 500 : 200) })
    assert.deepEqual(await counts(proxy, 100), ALL)
    assert.equal(ejected(proxy), 0, 'not before the interval is over')
    clock.advance(10_000)
    assert.deepEqual([ejected(proxy), ejections(proxy, 'success_rate')], [1, 1])
    assert.deepEqual(await counts(proxy, 100), { b: 25, c: 25, d: 25, e: 25 })
    backends[0]!.behaves({})
    clock.advance(30_000)
    assert.equal(ejected(proxy), 0)
    assert.deepEqual(await counts(proxy, 100), ALL)
  })

  test('leaves out who is many times slower than the others', async () => {
    const { clock, backends, proxy } = await five({ latencyFactor: 5, interval: '60s' })
    await using _ = proxy
    for (const one of backends) one.behaves({ takesMs: 2 })
    backends[0]!.behaves({ takesMs: 40 })
    assert.deepEqual(await counts(proxy, 100), ALL)
    clock.advance(60_000)
    assert.deepEqual([ejected(proxy), ejections(proxy, 'latency')], [1, 1])
    assert.deepEqual(await counts(proxy, 100), { b: 25, c: 25, d: 25, e: 25 })
  })

  for (const [percent, most] of [
    [0, 1],
    [10, 1],
    [40, 2],
    [100, 3],
  ] as const)
    test(`leaves out ${most} of five at most, of three that fail, with maxEjectionPercent: ${percent}`, async () => {
      const { clock, backends, proxy } = await five({
        ...{ consecutiveErrors: 3, successRateDeviations: 0, maxEjectionPercent: percent },
      })
      await using _ = proxy
      for (const one of backends.slice(0, 3)) one.behaves({ status: () => 500 })
      await counts(proxy, 100)
      assert.deepEqual([ejected(proxy), ejections(proxy, 'consecutive_errors')], [most, most])
      for (const one of backends) one.behaves({})
      clock.advance(30_000)
      assert.equal(ejected(proxy), 0)
      assert.deepEqual(await counts(proxy, 100), ALL)
    })
})
