import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { ClusterPool } from '../clusters/cluster-pool.ts'
import type { DnsResolver } from '../clusters/discovery/resolver.ts'
import { clusterFamilies } from '../clusters/metrics.ts'
import { OnDemand } from './on-demand.ts'
import { destinationPolicy } from './policy.ts'

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'example.com': ['93.184.216.34'],
  'rebound.example.com': ['93.184.216.34', '127.0.0.1', '::ffff:169.254.169.254'],
  'inside.example.com': ['10.0.0.1'],
}

const resolver: DnsResolver = {
  services: async () => [],
  addresses: async name => {
    const found = NAMES[name]
    if (found === undefined) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' })
    return found.map(address => ({ address, ttlSeconds: 60 }))
  },
}

function onDemand(allow: readonly string[], maxDemanded = 10) {
  const host = fakeHost({ name: 'proxy' })
  const { clock, log, metrics } = host
  const families = clusterFamilies(metrics)
  const clusters = new ClusterPool({}, { clock, log, families, random: () => 0 }, { maxDemanded })
  const policy = destinationPolicy({ allow, deny: [], connectPorts: [443] })
  const places = new OnDemand({ clusters, log, listener: 'front', policy, rule: {}, resolver })
  const reach = async (name: string, port = 80) => {
    const place = places.find(name, port, 'http1')
    const cluster = place && places.cluster(place)
    await cluster?.ready
    return cluster
  }
  return { host, clusters, places, reach }
}

describe('a backend on demand', () => {
  test('has the addresses that DNS gives for its name', async () => {
    const { reach, clusters, host } = onDemand(['public'])
    const cluster = await reach('example.com')
    assert.deepEqual(
      cluster!.endpoints().map(({ endpoint }) => endpoint),
      ['93.184.216.34:80'],
    )
    assert.equal(await reach('example.com'), cluster)
    assert.deepEqual(clusters.health(), {})
    assert.equal(host.metric('clusters_on_demand', {}), 1)
  })

  test('never gets an address that the policy refuses, whatever its name', async () => {
    const { reach } = onDemand(['public'])
    const cluster = await reach('rebound.example.com')
    assert.deepEqual(
      cluster!.endpoints().map(({ endpoint }) => endpoint),
      ['93.184.216.34:80'],
    )
    assert.equal((await reach('inside.example.com'))!.acquire({}), 'denied')
    assert.equal((await reach('nowhere.example.com'))!.acquire({}), 'no_healthy_upstream')
  })

  test('has any address when its name is listed', async () => {
    const { reach } = onDemand(['inside.example.com'])
    assert.equal(typeof (await reach('inside.example.com'))!.acquire({}), 'object')
    assert.equal(await reach('example.com'), undefined)
  })

  test('makes room when it is idle, and is refused when all are in use', async () => {
    const { reach, host } = onDemand(['public'], 1)
    await reach('example.com')
    const call = (await reach('8.8.8.8'))!.acquire({})
    assert.ok(typeof call === 'object')
    assert.equal(host.metric('clusters_on_demand', {}), 1)
    assert.equal(await reach('example.com'), undefined)
    assert.equal(host.metric('clusters_on_demand_refused_total', {}), 1)
    call.done({ outcome: 'answered', status: 200, latencyMs: 1 })
    assert.ok(await reach('example.com'))
  })

  test('goes when nobody asks for it', async () => {
    const { reach, host } = onDemand(['public'])
    await reach('8.8.8.8')
    host.clock.advance(180_000)
    assert.equal(host.metric('clusters_on_demand', {}), 0)
    assert.equal(host.clock.pending, 0)
  })
})
