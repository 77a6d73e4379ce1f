import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSpiffeId, workloadId } from './identity.ts'

for (const [uri, trustDomain, path] of [
  ['spiffe://example.org/ns/shop/sa/checkout', 'example.org', '/ns/shop/sa/checkout'],
  ['spiffe://example.org', 'example.org', ''],
  ['spiffe://a_b-c.1/X/y.z', 'a_b-c.1', '/X/y.z'],
] as const)
  test(`${uri} is a SPIFFE ID`, () => assert.deepEqual(parseSpiffeId(uri), { uri, trustDomain, path }))

for (const uri of [
  '',
  'spiffe://',
  'spiffe:///ns',
  'https://example.org/a',
  'SPIFFE://example.org/a',
  'spiffe://Example.org/a',
  'spiffe://example.org:80/a',
  'spiffe://user@example.org/a',
  'spiffe://example.org/',
  'spiffe://example.org/a//b',
  'spiffe://example.org/a/',
  'spiffe://example.org/a/../b',
  'spiffe://example.org/./b',
  'spiffe://example.org/a%2fb',
  'spiffe://example.org/a?b',
  'spiffe://example.org/a#b',
  'spiffe://example.org/a b',
  'spiffe://example.org/a\n',
  `spiffe://${'a'.repeat(256)}/a`,
  `spiffe://example.org/${'a'.repeat(2048)}`,
])
  test(`${JSON.stringify(uri.slice(0, 60))} is none`, () => assert.equal(parseSpiffeId(uri), undefined))

test('the identity of a workload', () => {
  const id = workloadId('example.org', 'shop', 'checkout')
  assert.equal(id.uri, 'spiffe://example.org/ns/shop/sa/checkout')
  assert.deepEqual(parseSpiffeId(id.uri), id)
})

for (const [trust, namespace, account, message] of [
  ['Example.org', 'shop', 'checkout', /"Example.org" is no trust domain/],
  ['example.org', 'shop/sa/x', 'checkout', /is no namespace/],
  ['example.org', '', 'checkout', /is no namespace/],
  ['example.org', 'shop', '../admin', /is no service account/],
] as const)
  test(`${trust}, ${namespace} and ${account} make none`, () => {
    assert.throws(() => workloadId(trust, namespace, account), message)
  })
