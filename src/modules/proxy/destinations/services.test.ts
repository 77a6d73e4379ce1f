import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { ClusterPool } from '../clusters/cluster-pool.ts'
import type { DnsResolver } from '../clusters/discovery/resolver.ts'
import { clusterFamilies } from '../clusters/metrics.ts'
import { checkProxy, proxyConfig } from '../config.ts'
import { decodedProxy } from '../proxy-fake.ts'
import { route, to } from '../routed-fake.ts'
import { withServices } from './services.ts'

const mirror = { type: 'RequestMirror', requestMirror: { backendRef: { name: 'copy', port: 81 } } }
const raw = {
  listeners: [{ listen: '127.0.0.1:0', routed: {} }],
  namespace: 'shop',
  clusterDomain: 'c.test',
  unlistedServices: 'dns',
  upstreams: { 'known.shop:80': { endpoints: [{ address: '127.0.0.1:1' }] } },
  routes: [
    route({
      rules: [
        {
          filters: [mirror],
          backendRefs: [
            to('known'),
            to('found', 1, [mirror]),
            { name: 'far', namespace: 'ops', port: 8080 },
            { kind: 'Cluster', name: 'known.shop:80' },
          ],
        },
      ],
    }),
    route({
      kind: 'GRPCRoute',
      name: 'calls',
      parents: [{ kind: 'Service', name: 'calls' }],
      rules: [{ backendRefs: [to('calls')] }],
    }),
  ],
}

describe('Services that routes name and no upstream is listed for', () => {
  test('become upstreams that are found by their DNS name', () => {
    const { upstreams } = withServices(decodedProxy(raw))
    const found = Object.entries(upstreams).map(([name, { discovery, protocol }]) => {
      const { name: host, port } = (discovery?.config ?? {}) as { name?: string; port?: number }
      return [name, host, port, protocol]
    })
    assert.deepEqual(found, [
      ['known.shop:80', undefined, undefined, 'auto'],
      ['copy.shop:81', 'copy.shop.svc.c.test', 81, 'auto'],
      ['found.shop:80', 'found.shop.svc.c.test', 80, 'auto'],
      ['far.ops:8080', 'far.ops.svc.c.test', 8080, 'auto'],
      ['calls.shop:80', 'calls.shop.svc.c.test', 80, 'http2'],
    ])
  })

  test('are looked up when they are first asked for', async t => {
    const asked: string[] = []
    const resolver: DnsResolver = {
      services: async () => [],
      addresses: async name => {
        asked.push(name)
        return [{ address: '10.0.0.7' }]
      },
    }
    const { clock, log, metrics } = fakeHost({ name: 'proxy' })
    const parts = { clock, log, families: clusterFamilies(metrics), random: () => 0, resolver }
    const clusters = new ClusterPool(withServices(decodedProxy(raw)).upstreams, parts)
    t.after(() => clusters[Symbol.dispose]())
    assert.deepEqual(asked, [])
    const cluster = clusters.get('found.shop:80')!
    await cluster.ready
    assert.deepEqual(asked, ['found.shop.svc.c.test'])
    assert.deepEqual(
      cluster.endpoints().map(({ endpoint }) => endpoint),
      ['10.0.0.7:80'],
    )
  })

  test('are not looked up where a short name stands for one', () => {
    const endpoints = [{ address: '127.0.0.1:1' }]
    const upstreams = { known: { endpoints }, 'copy:81': { endpoints }, calls: { endpoints } }
    const routes = raw.routes.map(each => JSON.parse(JSON.stringify(each).replace('known.shop:80', 'known')))
    const { upstreams: all, routes: named } = withServices(decodedProxy({ ...raw, upstreams, routes }))
    assert.deepEqual(Object.keys(all), ['known', 'copy:81', 'calls', 'found.shop:80', 'far.ops:8080'])
    const text = JSON.stringify(named)
    for (const name of ['known', 'copy:81', 'calls'])
      assert.ok(text.includes(`"kind":"Cluster","name":"${name}"`), text)
  })

  test('change nothing where they are refused', () => {
    const config = { ...decodedProxy(raw), unlistedServices: 'refuse' as const }
    assert.equal(withServices(config), config)
  })

  test('may not be meant by two upstreams: both places are told', () => {
    const known = { endpoints: [{ address: '127.0.0.1:2' }] }
    const decoded = proxyConfig.decode({ ...raw, upstreams: { ...raw.upstreams, known } })
    assert.ok(decoded.ok)
    assert.deepEqual(
      checkProxy(decoded.value).map(({ path, message }) => [path.join('/'), message]),
      [
        ['upstreams/known.shop:80', 'stands for the Service known.shop:80, as "known" does'],
        ['upstreams/known', 'stands for the Service known.shop:80, as "known.shop:80" does'],
      ],
    )
  })

  const mistakes: [what: string, changes: object, told: RegExp][] = [
    [
      'a Service, unless DNS is asked',
      { unlistedServices: 'refuse' },
      /^there is no upstream "copy\.shop:81"; add it under proxy\.upstreams, as "copy\.shop:81", "copy:81" or "copy", or name one of known\.shop:80; .*unlistedServices: dns/,
    ],
    [
      'a Cluster, which DNS does not know',
      { routes: [route({ rules: [{ backendRefs: [{ kind: 'Cluster', name: 'gone' }] }] })] },
      /^there is no upstream "gone"; add it under proxy\.upstreams, or name one of known\.shop:80$/,
    ],
    [
      'a name that DNS cannot have',
      { routes: [route({ rules: [{ backendRefs: [to('a b')] }] })] },
      /^expected the name of a Service that DNS can have, got "a b\.shop:80"/,
    ],
  ]
  for (const [what, changes, told] of mistakes)
    test(`are a mistake where they are ${what}`, () => {
      const decoded = proxyConfig.decode({ ...raw, ...changes })
      assert.ok(decoded.ok)
      const [problem] = checkProxy(decoded.value)
      assert.match(`${problem?.message}; ${problem?.hint}`, told)
    })
})
