import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { ClusterPool } from '../clusters/cluster-pool.ts'
import type { DnsResolver } from '../clusters/discovery/resolver.ts'
import { clusterFamilies } from '../clusters/metrics.ts'
import { checkProxy, type ProxyConfig, proxyConfig } from '../config.ts'
import { decodedProxy } from '../proxy-fake.ts'
import { route } from '../routed-fake.ts'
import { ServiceBook } from './service-book.ts'
import { missingAddresses } from './service-sources.ts'

const at = (...hosts: string[]) => ({ endpoints: hosts.map(host => ({ address: `${host}:5432` })) })
const feed = { discovery: { feed: { url: 'http://127.0.0.1:1/db' } } }
const tcp = (name: string, more: object = {}) =>
  route({
    kind: 'TCPRoute',
    name,
    parents: [{ kind: 'Service', name, ...more }],
    rules: [{ backendRefs: [{ kind: 'Cluster', name: 'plain' }] }],
  })
const raw = (upstreams: object, more: object = {}) => ({
  listeners: [{ listen: '127.0.0.1:0', outbound: {} }],
  namespace: 'shop',
  upstreams: { plain: at('127.0.0.1'), ...upstreams },
  routes: [tcp('db')],
  ...more,
})

function bookOf(config: ProxyConfig, resolver?: DnsResolver) {
  const { clock, log } = fakeHost({ name: 'proxy' })
  const book = new ServiceBook({ clock, log, random: () => 0, ...(resolver && { resolver }) })
  book.use(config)
  return { book, clock, log }
}

describe('the Service at an address', () => {
  const configured: [what: string, upstreams: object, address: string, service: string | undefined][] = [
    [
      'one of clusterIPs',
      { 'db:5432': { ...at('10.1.0.7'), clusterIPs: ['10.96.0.5'] } },
      '10.96.0.5',
      'db.shop',
    ],
    [
      'of another namespace',
      { 'db.ops:1': { ...at('10.1.0.7'), clusterIPs: ['10.96.0.5'] } },
      '10.96.0.5',
      'db.ops',
    ],
    [
      'however it is written',
      { db: { ...at('10.1.0.7'), clusterIPs: ['FD96:0::0:5'] } },
      'fd96::5',
      'db.shop',
    ],
    [
      'never that of an endpoint',
      { db: { ...at('10.1.0.7'), clusterIPs: ['10.96.0.5'] } },
      '10.1.0.7',
      undefined,
    ],
    ['but of a headless one', { db: { ...at('10.1.0.7'), clusterIPs: ['None'] } }, '10.1.0.7', 'db.shop'],
    ['where nothing is said', { db: at('10.1.0.7') }, '10.1.0.7', undefined],
    [
      'that two of them claim is of neither',
      { db: { ...at('10.1.0.7'), clusterIPs: ['None'] }, mail: { ...at('10.1.0.7'), clusterIPs: ['None'] } },
      '10.1.0.7',
      undefined,
    ],
  ]
  for (const [what, upstreams, address, service] of configured)
    test(`is known by the configuration: ${what}`, () => {
      const { book } = bookOf(decodedProxy(raw(upstreams)))
      assert.equal(book.at(address), service)
      assert.deepEqual([...book.kept], [])
    })

  test('is told by the feed of its upstream, which is kept open for that, until it is closed', t => {
    const config = decodedProxy(raw({ 'db:5432': feed, other: feed }))
    const { book } = bookOf(config)
    assert.deepEqual([...book.kept], ['db:5432'])
    book.found('db:5432', [{ host: '10.1.0.7', port: 1, weight: 1 }], ['10.96.0.5'])
    book.found('other', [], ['10.96.0.6'])
    assert.deepEqual(['10.96.0.5', '10.1.0.7', '10.96.0.6'].map(book.at), ['db.shop', undefined, undefined])
    book.found('db:5432', [{ host: '10.1.0.7', port: 1, weight: 1 }], ['None'])
    assert.deepEqual(['10.96.0.5', '10.1.0.7'].map(book.at), [undefined, 'db.shop'])
    book.use({ ...config, routes: [] })
    assert.equal(book.at('10.1.0.7'), undefined)
    book.use(config)
    assert.equal(book.at('10.1.0.7'), 'db.shop')
    book.found('db:5432', [])
    assert.equal(book.at('10.1.0.7'), undefined)
    const { clock, log, metrics } = fakeHost({ name: 'proxy' })
    const parts = { clock, log, families: clusterFamilies(metrics), random: () => 0 }
    const clusters = new ClusterPool(
      config.upstreams,
      { ...parts, keeps: name => book.keeps(name) },
      { idleMs: 1_000 },
    )
    t.after(() => clusters[Symbol.dispose]())
    for (const name of ['db:5432', 'plain']) clusters.get(name)
    clock.advance(10_000)
    assert.deepEqual(
      ['db:5432', 'plain'].map(name => clusters.peek(name) !== undefined),
      [true, false],
    )
  })

  test('is found in DNS, asked for again, and forgotten with its route', async t => {
    let addresses = ['10.96.0.5']
    const asked: string[] = []
    const resolver: DnsResolver = {
      services: async () => [],
      addresses: async name => {
        asked.push(name)
        if (addresses.length === 0) throw Object.assign(new Error('gone'), { code: 'ENOTFOUND' })
        return addresses.map(address => ({ address }))
      },
    }
    const config = decodedProxy(raw({}, { unlistedServices: 'dns', clusterDomain: 'c.test' }))
    const { book, clock, log } = bookOf(config, resolver)
    t.after(() => book[Symbol.dispose]())
    await clock.elapse(0)
    assert.equal(book.at('10.96.0.5'), 'db.shop')
    addresses = ['10.96.0.9']
    await clock.elapse(30_000)
    assert.deepEqual(['10.96.0.5', '10.96.0.9'].map(book.at), [undefined, 'db.shop'])
    addresses = []
    await clock.elapse(90_000)
    assert.equal(book.at('10.96.0.9'), 'db.shop')
    assert.equal(log.of('service_unknown').length, 1)
    assert.deepEqual([...new Set(asked)], ['db.shop.svc.c.test'])
    book.use({ ...config, routes: [] })
    const before = asked.length
    await clock.elapse(90_000)
    assert.equal(asked.length, before)
    assert.equal(book.at('10.96.0.9'), undefined)
  })

  test('is asked for nowhere without an outbound listener', () => {
    const listeners = [{ listen: '127.0.0.1:0', protocol: 'auto', routed: {} }]
    const { book } = bookOf(decodedProxy(raw({ 'db:5432': feed }, { listeners })))
    assert.deepEqual([...book.kept], [])
  })
})

test('a TCPRoute for a Service whose addresses nobody tells is told of, and no other', () => {
  const routes = [tcp('db'), tcp('known'), tcp('mail', { namespace: 'ops' })]
  const config = decodedProxy(raw({ known: { ...at('10.1.0.7'), clusterIPs: ['10.96.0.6'] } }, { routes }))
  assert.deepEqual(
    missingAddresses(config).map(({ path, message }) => [path.join('/'), message.split(':')[0]]),
    [
      ['routes/0/spec/parentRefs/0', 'the addresses of Service shop/db are not known'],
      ['routes/2/spec/parentRefs/0', 'the addresses of Service ops/mail are not known'],
    ],
  )
  assert.deepEqual(missingAddresses({ ...config, unlistedServices: 'dns' }), [])
})

const mistakes: [what: string, upstreams: object, told: string][] = [
  [
    'is no address',
    { db: { ...at('a'), clusterIPs: ['10.96.0.555'] } },
    'expected an IP address, or None, got "10.96.0.555"',
  ],
  [
    'is headless and is not',
    { db: { ...at('a'), clusterIPs: ['10.96.0.5', 'None'] } },
    'a headless Service has no cluster IPs',
  ],
  [
    'has too many',
    { db: { ...at('a'), clusterIPs: Array(17).fill('10.96.0.5') } },
    'expected at most 16 addresses, got 17',
  ],
  [
    'is of no Service',
    { 'db.example.com': { ...at('a'), clusterIPs: ['10.96.0.5'] } },
    'the upstream is not called like a Service',
  ],
  [
    'is that of two',
    { db: { ...at('a'), clusterIPs: ['fd96::5'] }, mail: { ...at('b'), clusterIPs: ['fd96:0::5'] } },
    'is a cluster IP of db.shop too',
  ],
]
for (const [what, upstreams, told] of mistakes)
  test(`clusterIPs that ${what} are a mistake`, () => {
    const decoded = proxyConfig.decode(raw(upstreams))
    assert.ok(decoded.ok)
    assert.deepEqual(
      checkProxy(decoded.value).map(({ message }) => message),
      [told],
    )
  })
