import assert from 'node:assert/strict'
import { test } from 'node:test'
import { effective } from '../../../kernel/config/effective.ts'
import { jsonSchema } from '../../../kernel/config/json-schema.ts'
import { violations } from '../../../kernel/config/json-schema-fake.ts'
import { find } from '../../../kernel/config/navigate.ts'
import { routeDocument } from './config.ts'

const document = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'checkout', labels: { team: 'a' } },
  spec: {
    parentRefs: [{ group: '', kind: 'Service', name: 'checkout', port: 80 }],
    hostnames: ['*.example.com'],
    rules: [
      {
        matches: [{ path: { value: '/a' }, method: 'GET', headers: [{ name: 'X-A', value: '1' }] }],
        timeouts: { request: '1m30s' },
        filters: [
          {
            type: 'RequestHeaderModifier',
            requestHeaderModifier: { set: [{ name: 'x-b', value: 'a b' }] },
          },
        ],
        backendRefs: [{ name: 'v1', port: 80 }],
      },
    ],
  },
}
const grpc = {
  ...document,
  kind: 'GRPCRoute',
  spec: { ...document.spec, rules: [{ matches: [{ method: { service: 'a.B' } }] }] },
}

for (const [name, value] of [
  ['HTTPRoute', document],
  ['GRPCRoute', grpc],
] as const) {
  test(`a document of kind ${name} fits the schema and the JSON Schema for editors`, () => {
    assert.equal(routeDocument.decode(value).ok, true)
    assert.deepEqual(violations(jsonSchema(routeDocument.doc), value), [])
  })
}

const wrong: [what: string, value: object][] = [
  ['a method of gRPC in a route for HTTP', { ...grpc, kind: 'HTTPRoute' }],
  ['an unknown kind', { ...document, kind: 'UDPRoute' }],
  ['no parent', { ...document, spec: { ...document.spec, parentRefs: [] } }],
  ['host names in capitals', { ...document, spec: { ...document.spec, hostnames: ['A.example.com'] } }],
  ['host names of a TCPRoute', { ...document, kind: 'TCPRoute' }],
]

for (const [what, value] of wrong) {
  test(`${what} fits neither`, () => {
    assert.equal(routeDocument.decode(value).ok, false)
    assert.notDeepEqual(violations(jsonSchema(routeDocument.doc), value), [])
  })
}

test('options inside a route can be explained, of whichever kind they are', () => {
  for (const path of [
    'kind',
    'spec.hostnames',
    'spec.rules[0].matches[0].path.type',
    'spec.rules.backendRefs.weight',
  ])
    assert.ok(find(routeDocument.doc, path).ok, path)
  const kind = find(routeDocument.doc, 'kind')
  assert.deepEqual(kind.ok && kind.doc.choices, ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute'])
})

test('the effective configuration shows a route with the defaults of its kind', () => {
  const shown = effective(routeDocument.doc, document, false) as typeof document
  assert.deepEqual(shown.spec.rules[0]!.matches[0]!.path, { type: 'PathPrefix', value: '/a' })
  assert.equal((shown.spec.rules[0]!.backendRefs[0] as { weight?: number }).weight, 1)
})
