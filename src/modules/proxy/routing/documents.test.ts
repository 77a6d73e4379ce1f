import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectRoutes } from './documents.ts'

const route = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'a' } }

test('a route is taken as it is, a list item by item', () => {
  assert.deepEqual(selectRoutes(route), [{ at: [], value: route }])
  assert.deepEqual(selectRoutes({ apiVersion: 'v1', kind: 'List', items: [route, route] }), [
    { at: ['items', 0], value: route },
    { at: ['items', 1], value: route },
  ])
  assert.deepEqual(selectRoutes({ apiVersion: 'v1', kind: 'List', items: [] }), [])
})

const gatewayApi = 'gateway.networking.k8s.io/v1'
const skipped: [apiVersion: string, kind: string, told: RegExp][] = [
  [gatewayApi, 'Gateway', /^Gateway shop\/x is skipped: listeners are those of proxy\.listeners/],
  [gatewayApi, 'GatewayClass', /listeners/],
  ['gateway.networking.k8s.io/v1beta1', 'ReferenceGrant', /other namespaces without one/],
  ['gateway.networking.k8s.io/v1alpha2', 'UDPRoute', /UDP is not carried/],
  ['v1', 'Service', /upstreams are those of proxy\.upstreams/],
  ['discovery.k8s.io/v1', 'EndpointSlice', /upstreams are those of proxy\.upstreams/],
  ['networking.istio.io/v1', 'VirtualService', /outrigger import istio/],
  ['apps/v1', 'Deployment', /it is no route/],
]
for (const [apiVersion, kind, told] of skipped)
  test(`a ${kind} is skipped, and it is told why`, () => {
    const value = { apiVersion, kind, metadata: { namespace: 'shop', name: 'x' } }
    const [selection] = selectRoutes(value)
    assert.match(selection!.skipped!, told)
  })

const refused: [what: string, document: Record<string, unknown>][] = [
  ['a route of an API that is misspelt', { ...route, apiVersion: 'gateway.networking.k8s.i/v1' }],
  ['a kind of the Gateway API that is not known', { ...route, kind: 'HTTPRuote' }],
  ['a policy that would change how backends are reached', { ...route, kind: 'BackendTLSPolicy' }],
  ['a document without an API', { kind: 'Deployment' }],
  ['a document without a kind', { apiVersion: 'apps/v1' }],
  ['an API that is no version', { apiVersion: 'gateway', kind: 'Gateway' }],
  ['a list without items', { apiVersion: 'v1', kind: 'List' }],
]
for (const [what, document] of refused)
  test(`${what} is not skipped, so that the schema refuses it`, () => {
    assert.deepEqual(selectRoutes(document), [{ at: [], value: document }])
  })
