import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fakeHost } from '../../../kernel/host-fake.ts'
import type { Spoken } from '../capture/first-bytes.ts'
import { ClusterPool } from '../clusters/cluster-pool.ts'
import { clusterFamilies } from '../clusters/metrics.ts'
import { AddressIndex, addConfigured } from '../destinations/service-addresses.ts'
import { PeerBook } from '../peers/peer-book.ts'
import { decodedProxy } from '../proxy-fake.ts'
import { route } from '../routed-fake.ts'
import { requestOf } from '../routing/routes-fake.ts'
import { tlsMetrics } from '../tls/metrics.ts'
import { capturedService } from './captured-service.ts'
import type { ListenerParts } from './listener.ts'

const end = { endpoints: [{ address: '127.0.0.1:1' }] }
const upstreams = {
  'db:5432': { ...end, clusterIPs: ['10.96.0.5'] },
  'queue:5432': { ...end, clusterIPs: ['10.96.0.6'] },
  'web:80': { ...end, clusterIPs: ['10.96.0.7'] },
  'vault:443': { ...end, clusterIPs: ['10.96.0.8'] },
  'secret:443': { ...end, tls: {}, clusterIPs: ['10.96.0.9'] },
  'next-db': end,
  'next-web': end,
  'next-vault': end,
}
const routeTo = (kind: string, name: string, more: object = {}) =>
  route({
    kind,
    name,
    parents: [{ kind: 'Service', name }],
    rules: [{ backendRefs: [{ kind: 'Cluster', name: `next-${name}` }] }],
    ...more,
  })
const routes = [
  routeTo('TCPRoute', 'db'),
  routeTo('HTTPRoute', 'web'),
  routeTo('TLSRoute', 'vault', { hostnames: ['vault', 'vault.shop', 'api.example.com'] }),
]

function serviceOf(t: { after(end: () => void): void }, unknown: 'pass' | 'refuse') {
  const host = fakeHost({ name: 'proxy' })
  const { clock, log, metrics } = host
  const proxy = decodedProxy({
    listeners: [{ name: 'out', listen: '127.0.0.1:15001', outbound: { unknown } }],
    namespace: 'shop',
    upstreams,
    routes,
  })
  const families = clusterFamilies(metrics)
  const clusters = new ClusterPool(proxy.upstreams, { clock, log, families, random: () => 0 })
  t.after(() => clusters[Symbol.dispose]())
  const parts = {
    ...{ host, processToken: 'token', tls: { metrics: tlsMetrics(metrics), identity: undefined } },
    peers: new PeerBook({ clock, log, random: () => 0 }),
    services: addConfigured(new AddressIndex(), proxy.upstreams, proxy.namespace),
  }
  return capturedService(proxy.listeners[0]!, proxy, clusters, parts as unknown as ListenerParts)
}

const BYTES: Spoken = { kind: 'other' }
const tls = (serverName?: string): Spoken => ({ kind: 'tls', serverName })

// Where it goes with `unknown: pass` (`place`: where it was sent) and with `refuse`; undefined: nowhere.
const connections: [
  what: string,
  spoken: Spoken,
  place: string,
  pass: string | undefined,
  refuse: string | undefined,
][] = [
  ['by the TCPRoute of the Service at the address', BYTES, '10.96.0.5:5432', 'next-db', 'next-db'],
  ['to the upstream of the Service at the address', BYTES, '10.96.0.6:5432', 'queue:5432', 'queue:5432'],
  ['to where it was sent at another port', BYTES, '10.96.0.6:1', 'passthrough', undefined],
  ['to where it was sent elsewhere', BYTES, '10.1.0.1:5432', 'passthrough', undefined],
  ['nowhere where no route takes it', BYTES, '10.96.0.8:443', undefined, undefined],
  ['by the TLSRoute of the server name', tls('vault.shop'), '10.1.0.1:443', 'next-vault', 'next-vault'],
  [
    'by the hostnames of the TLSRoute at the address',
    tls('api.example.com'),
    '10.96.0.8:443',
    'next-vault',
    undefined,
  ],
  [
    'nowhere by another server name at that address',
    tls('other.test'),
    '10.96.0.8:443',
    undefined,
    undefined,
  ],
  ['nowhere without a server name at that address', tls(), '10.96.0.8:443', undefined, undefined],
  ['by the TCPRoute, for TLS of any name', tls('other.test'), '10.96.0.5:5432', 'next-db', undefined],
  ['by the server name before the address', tls('vault'), '10.96.0.5:5432', 'next-vault', 'next-vault'],
  ['to the upstream of the server name', tls('queue'), '10.1.0.1:5432', 'queue:5432', 'queue:5432'],
  ['to no upstream that is a server of TLS itself', tls('x.test'), '10.96.0.9:443', 'passthrough', undefined],
]

describe('a captured connection goes', () => {
  for (const [what, spoken, place, pass, refuse] of connections)
    test(`${what} (${place})`, t => {
      const [host = '', port] = place.split(':')
      const aim = { place: { host, port: Number(port) }, listenPort: 15001 }
      assert.equal(serviceOf(t, 'pass').target(aim, spoken)?.label, pass)
      assert.equal(serviceOf(t, 'refuse').target(aim, spoken)?.label, refuse)
    })
})

const requests: [
  what: string,
  host: string,
  place: string,
  pass: string | undefined,
  refuse: string | undefined,
][] = [
  ['by the routes of its host', 'web', '10.1.0.1:80', 'next-web', 'next-web'],
  ['by its host before the address', 'queue:5432', '10.96.0.7:80', 'queue:5432', 'queue:5432'],
  ['by the address that is its host', '10.96.0.7', '10.96.0.7:80', 'next-web', 'next-web'],
  ['by the address where its host means nothing', 'x.test', '10.96.0.7:80', 'next-web', undefined],
  ['by the TCPRoute of the Service at the address', 'x.test', '10.96.0.5:5432', 'next-db', undefined],
  ['by the TCPRoute of its host', 'db:5432', '10.1.0.1:5432', 'next-db', 'next-db'],
  ['nowhere where only a TLSRoute is attached', 'vault:443', '10.96.0.8:443', undefined, undefined],
  ['to where it was sent elsewhere', 'x.test', '10.1.0.1:80', '10.1.0.1:80@out', undefined],
]

describe('a captured request goes', () => {
  for (const [what, name, place, pass, refuse] of requests)
    test(`${what} (${name} at ${place})`, t => {
      const [host = '', port] = place.split(':')
      const aim = { place: { host, port: Number(port) }, listenPort: 15001 }
      const view = requestOf(`GET http://${name}/`)
      const goes = (unknown: 'pass' | 'refuse') =>
        serviceOf(t, unknown).by(aim, 'http1').find(view)?.rule.backends[0]?.cluster
      assert.equal(goes('pass'), pass)
      assert.equal(goes('refuse'), refuse)
    })
})
