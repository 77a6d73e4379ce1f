import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSpiffeId } from '../../wire/spiffe/identity.ts'
import { identityOf, identityProblem } from './identity.ts'

const uri = 'spiffe://example.org/ns/shop/sa/checkout'
for (const [what, subjectAltName, ca, expected] of [
  ['one URI', `URI:${uri}`, false, uri],
  ['one URI among names', `DNS:a, URI:${uri}, IP Address:127.0.0.1`, false, uri],
  ['two URIs', `URI:${uri}, URI:${uri}`, false, undefined],
  ['a URI inside a quoted name', `DNS:"a, URI:${uri}"`, false, undefined],
  ['another URI', 'URI:https://example.org', false, undefined],
  ['no names', undefined, false, undefined],
  ['an authority', `URI:${uri}`, true, undefined],
] as const)
  test(`a certificate with ${what} is ${expected ?? 'nobody'}`, () => {
    assert.equal(identityOf({ subjectAltName, ca })?.uri, expected)
  })

const id = parseSpiffeId(uri)
for (const [what, identity, expected, problem] of [
  ['anyone of the domain', id, { trustDomain: 'example.org' }, undefined],
  ['the one who is expected', id, { trustDomain: 'example.org', oneOf: [uri] }, undefined],
  ['nobody', undefined, { trustDomain: 'example.org' }, /names no SPIFFE identity/],
  ['another domain', id, { trustDomain: 'other.test' }, /not of the trust domain other\.test/],
  ['another one', id, { trustDomain: 'example.org', oneOf: [`${uri}2`] }, /expected spiffe:.*checkout2/],
  ['an empty list', id, { trustDomain: 'example.org', oneOf: [] }, /expected nobody/],
] as const)
  test(`identity: ${what}`, () => {
    const found = identityProblem(identity, expected)
    if (problem === undefined) assert.equal(found, undefined)
    else assert.match(found ?? '', problem)
  })
