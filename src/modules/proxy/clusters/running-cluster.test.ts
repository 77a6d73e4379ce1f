import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakeHost } from '../../../kernel/host-fake.ts'
import type { CallResult, Endpoint, Lease, Wish } from './cluster.ts'
import { clusterConfig } from './config.ts'
import type { DnsResolver } from './discovery/resolver.ts'
import { seededRandom } from './member-fake.ts'
import { clusterFamilies } from './metrics.ts'
import { type ClusterParts, createCluster } from './running-cluster.ts'

const OK: CallResult = { outcome: 'answered', status: 200, latencyMs: 10 }
const ERROR: CallResult = { outcome: 'answered', status: 500, latencyMs: 10 }

function configOf(config: Record<string, unknown>) {
  const decoded = clusterConfig.decode(config)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

const listed = (...addresses: string[]) => addresses.map(address => ({ address }))
const THREE = listed('10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80')

function clusterOf(config: Record<string, unknown>, more: Partial<ClusterParts> = {}) {
  const host = fakeHost({ name: 'proxy' })
  const removed: string[] = []
  const parts: ClusterParts = {
    clock: host.clock,
    log: host.log,
    families: clusterFamilies(host.metrics),
    random: seededRandom(),
    onRemoved: (name, endpoint) => void removed.push(`${name} ${endpoint.key}`),
    ...more,
  }
  const cluster = createCluster('shop', configOf(config), parts)
  const lease = (wish: Wish = {}): Lease => {
    const got = cluster.acquire(wish)
    assert.equal(typeof got, 'object', `refused: ${String(got)}`)
    return got as Lease
  }
  /** Calls until the endpoint with this key has had so many. */
  const callOnly = (key: string, result: CallResult, times: number) => {
    for (let had = 0; had < times; ) {
      const call = lease()
      const wanted = call.endpoint.key === key
      call.done(wanted ? result : OK)
      if (wanted) had++
    }
  }
  const used = (calls = 200) => {
    const keys = new Set<string>()
    for (let call = 0; call < calls; call++) {
      const one = lease()
      keys.add(one.endpoint.key)
      one.done(OK)
    }
    return [...keys].sort()
  }
  const gauge = (state: string) => host.metric('cluster_endpoints', { cluster: 'shop', state })
  return { host, cluster, removed, lease, callOnly, used, gauge }
}

describe('a cluster', () => {
  it('chooses among its endpoints and counts calls until they are done', () => {
    const { cluster, lease, host } = clusterOf({ endpoints: THREE })
    const one = lease()
    assert.equal(cluster.breakers.requests.inUse, 1)
    one.done(OK)
    assert.equal(cluster.breakers.requests.inUse, 0)
    assert.equal(host.metric('cluster_picks_total', { cluster: 'shop' }), 1)
    assert.throws(() => one.done(OK), /ended twice/)
  })

  it('gives nothing to an endpoint of weight 0', () => {
    const { used } = clusterOf({ endpoints: [...THREE, { address: '10.0.0.4:80', weight: 0 }] })
    assert.deepEqual(used(), ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'])
  })

  for (const balancing of ['peak_ewma', 'round_robin', 'ring_hash', 'maglev']) {
    it(`avoids endpoints that were tried, unless there is no other: ${balancing}`, () => {
      const { lease } = clusterOf({ endpoints: THREE, balancing })
      const tried = new Set<Endpoint>()
      for (let attempt = 0; attempt < 3; attempt++) tried.add(lease({ avoid: tried, hash: 77 }).endpoint)
      assert.equal(tried.size, 3)
      assert.ok(tried.has(lease({ avoid: tried, hash: 77 }).endpoint))
    })
  }

  it('sends the same hash to the same endpoint', () => {
    const { lease } = clusterOf({ endpoints: THREE, balancing: 'maglev' })
    for (let hash = 0; hash < 50; hash++) assert.equal(lease({ hash }).endpoint, lease({ hash }).endpoint)
  })

  it('refuses more calls than its breaker allows, and counts how often it opens', () => {
    const { cluster, lease, host } = clusterOf({ endpoints: THREE, circuitBreakers: { maxRequests: 2 } })
    const calls = [lease(), lease()]
    assert.equal(cluster.acquire({}), 'circuit_open')
    assert.equal(cluster.acquire({}), 'circuit_open')
    calls[0].done(OK)
    lease()
    assert.equal(cluster.acquire({}), 'circuit_open')
    const labels = { cluster: 'shop', limit: 'requests' }
    assert.equal(host.metric('cluster_breaker_openings_total', labels), 2)
    assert.equal(host.metric('cluster_breaker_refusals_total', labels), 3)
  })

  it('allows retries for a fifth of the calls under way, and three in any case', () => {
    const { cluster, lease } = clusterOf({ endpoints: THREE })
    const granted = () => {
      let count = 0
      while (cluster.retryBudget.tryAcquire()) count++
      for (let given = 0; given < count; given++) cluster.retryBudget.release()
      return count
    }
    assert.equal(granted(), 3)
    for (let call = 0; call < 100; call++) lease()
    assert.equal(granted(), 20)
  })

  it('leaves out an endpoint that fails, and brings it back', () => {
    const { callOnly, used, host, gauge } = clusterOf({
      endpoints: THREE,
      outlierDetection: {},
      balancing: 'round_robin',
    })
    callOnly('10.0.0.2:80', ERROR, 5)
    assert.deepEqual(used(), ['10.0.0.1:80', '10.0.0.3:80'])
    assert.equal(gauge('ejected'), 1)
    assert.equal(host.metric('cluster_ejections_total', { cluster: 'shop', cause: 'consecutive_errors' }), 1)
    assert.equal(host.log.of('endpoint_returned').length, 0)
    host.clock.advance(31_001)
    assert.equal(used().length, 3)
    assert.equal(gauge('usable'), 3)
    assert.equal(host.log.of('endpoint_returned').length, 1)
  })

  it('uses all endpoints when too few are usable', () => {
    const config = { endpoints: listed('10.0.0.1:80'), outlierDetection: {} }
    const { cluster, callOnly, used, host } = clusterOf(config)
    callOnly('10.0.0.1:80', ERROR, 5)
    assert.deepEqual(used(), ['10.0.0.1:80'])
    assert.equal(host.metric('cluster_panicking', { cluster: 'shop' }), 1)
    assert.equal(cluster.health().state, 'degraded')
    cluster.update(configOf({ ...config, panicThreshold: 0 }))
    assert.equal(cluster.acquire({}), 'no_healthy_upstream')
    assert.equal(host.metric('cluster_no_healthy_upstream_total', { cluster: 'shop' }), 1)
  })

  it('keeps what it knows of endpoints that stay on the list', () => {
    const { cluster, lease, removed } = clusterOf({ endpoints: THREE })
    const calls = [lease(), lease(), lease(), lease(), lease()]
    const kept = calls.find(({ endpoint }) => endpoint.key === '10.0.0.1:80')?.endpoint
    assert.ok(kept)
    cluster.update(configOf({ endpoints: [{ address: '10.0.0.1:80', weight: 5 }, ...listed('10.0.0.9:80')] }))
    assert.deepEqual(removed, ['shop 10.0.0.2:80', 'shop 10.0.0.3:80'])
    for (const call of calls) call.done(OK)
    const again = lease({ avoid: new Set(cluster.endpoints().length === 2 ? [] : [kept]) })
    assert.equal(kept.weight, 5)
    assert.ok(again.endpoint === kept || again.endpoint.key === '10.0.0.9:80')
    assert.deepEqual(
      cluster
        .endpoints()
        .map(({ endpoint }) => endpoint)
        .sort(),
      ['10.0.0.1:80', '10.0.0.9:80'],
    )
  })

  it('waits for checks of a new endpoint, and takes out one that fails them', async () => {
    const failing = new Set<string>()
    const probe: NonNullable<ClusterParts['probe']> = (_, { key }) => ({
      run: async () => (failing.has(key) ? 'it answered 500' : undefined),
    })
    const { host, used, gauge } = clusterOf({ endpoints: THREE, healthChecks: [{ http: {} }] }, { probe })
    assert.equal(gauge('unchecked'), 3)
    // Nobody is known yet, and calls are under way already: they go anywhere.
    assert.equal(used().length, 3)
    await host.clock.elapse(0)
    assert.equal(gauge('usable'), 3)
    failing.add('10.0.0.3:80')
    await host.clock.elapse(11_000)
    assert.equal(gauge('usable'), 3)
    used()
    await host.clock.elapse(35_000)
    assert.equal(gauge('unhealthy'), 1)
    assert.deepEqual(used(), ['10.0.0.1:80', '10.0.0.2:80'])
    assert.equal(host.log.of('endpoint_unhealthy').length, 1)
  })

  it('keeps the last endpoints when their source fails, and says so', async () => {
    let answer: readonly { address: string; ttlSeconds: number }[] | Error = [
      { address: '10.0.0.1', ttlSeconds: 5 },
    ]
    const resolver: DnsResolver = {
      services: async () => [],
      addresses: async () => {
        if (answer instanceof Error) throw answer
        return answer
      },
    }
    const { cluster, host, used } = clusterOf(
      { discovery: { dns: { name: 'shop', port: 80 } } },
      { resolver },
    )
    assert.equal(cluster.discovered, false)
    assert.equal(cluster.acquire({}), 'no_healthy_upstream')
    await cluster.ready
    assert.deepEqual(used(), ['10.0.0.1:80'])
    answer = Object.assign(new Error('no'), { code: 'ESERVFAIL' })
    await host.clock.elapse(5000)
    assert.deepEqual(used(), ['10.0.0.1:80'])
    assert.equal(
      cluster.health().message,
      'DNS name shop: no DNS answer (ESERVFAIL); the last endpoints stay in use',
    )
    answer = [{ address: '10.0.0.2', ttlSeconds: 5 }]
    await host.clock.elapse(5000)
    assert.deepEqual(used(), ['10.0.0.2:80'])
    assert.equal(cluster.health().state, 'ok')
  })

  it('prefers its zone as far as the health of the zone allows', () => {
    const inZone = (zone: string, ...addresses: string[]) => addresses.map(address => ({ address, zone }))
    const endpoints = [
      ...inZone('a', '10.0.0.1:80', '10.0.0.2:80'),
      ...inZone('b', '10.1.0.1:80', '10.1.0.2:80', '10.1.0.3:80', '10.1.0.4:80'),
    ]
    const config = { endpoints, preferZone: 'a', balancing: 'round_robin', outlierDetection: {} }
    const { callOnly, used, lease } = clusterOf(config)
    assert.deepEqual(used(), ['10.0.0.1:80', '10.0.0.2:80'])
    callOnly('10.0.0.2:80', ERROR, 5)
    // One of two is healthy: 1.4 times a half of the calls stay.
    let near = 0
    for (let call = 0; call < 2000; call++) {
      const one = lease()
      if (one.endpoint.zone === 'a') near++
      one.done(OK)
    }
    assert.ok(Math.abs(near / 2000 - 0.7) < 0.04, `${near}`)
  })

  it('leaves no timer and no gauge behind', async () => {
    const { cluster, host, gauge, removed } = clusterOf(
      { endpoints: THREE, outlierDetection: {}, healthChecks: [{ tcp: {} }] },
      { probe: () => ({ run: async () => undefined }) },
    )
    await host.clock.elapse(0)
    cluster[Symbol.dispose]()
    assert.equal(host.clock.pending, 0)
    assert.equal(gauge('usable'), undefined)
    assert.equal(removed.length, 3)
    assert.equal(cluster.acquire({}), 'no_healthy_upstream')
  })
})
