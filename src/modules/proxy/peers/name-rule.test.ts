import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseNameRule } from './name-rule.ts'

const SERVICE = {
  host: '{name}.{namespace}.svc.cluster.local',
  identity: 'spiffe://example.org/ns/{namespace}/sa/{name}',
}

describe('a rule for names', () => {
  for (const [rule, name, identity] of [
    [SERVICE, 'cart.shop.svc.cluster.local', 'spiffe://example.org/ns/shop/sa/cart'],
    [SERVICE, 'cart.shop.svc', undefined],
    [SERVICE, 'a.cart.shop.svc.cluster.local', undefined],
    [SERVICE, '.shop.svc.cluster.local', undefined],
    [SERVICE, 'cart/sa.shop.svc.cluster.local', undefined],
    [SERVICE, '$&.shop.svc.cluster.local', undefined],
    [SERVICE, '-.shop.svc.cluster.local', undefined],
    [SERVICE, 'cart.shop.svc.cluster.local.evil.example', undefined],
    [{ host: 'db.example', identity: 'spiffe://example.org/db' }, 'db.example', 'spiffe://example.org/db'],
    [{ host: 'db.example', identity: 'spiffe://example.org/db' }, 'dbxexample', undefined],
  ] as const)
    test(`${rule.host} tells ${identity ?? 'nothing'} of ${name}`, () => {
      const parsed = parseNameRule(rule)
      assert.ok(!('wrong' in parsed))
      assert.equal(parsed.identityOf(name), identity)
    })

  for (const [host, identity, at] of [
    ['a{name}.svc', SERVICE.identity, 'host'],
    ['{name}.{name}.svc', 'spiffe://example.org/{name}', 'host'],
    ['{name}..svc', 'spiffe://example.org/{name}', 'host'],
    ['{name}.svc', SERVICE.identity, 'identity'],
    ['{name}.svc', 'spiffe://example.org/{name', 'identity'],
  ] as const)
    test(`${host} to ${identity} is refused for its ${at}`, () => {
      const parsed = parseNameRule({ host, identity })
      assert.ok('wrong' in parsed)
      assert.equal(parsed.at, at)
    })
})
