import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { destinationPolicy, parseDestination } from './policy.ts'

const policy = (allow: string[], deny: string[] = []) =>
  destinationPolicy({ allow, deny, connectPorts: [443] })

describe('a rule for destinations', () => {
  for (const text of [
    'public',
    'public:8443',
    '*',
    'example.com',
    'Example.com:22',
    '*.svc.cluster.local',
    '10.0.0.0/8',
    '10.0.0.0/8:80',
    '10.0.0.1',
    '2001:db8::/32',
    '::1',
    '[::1]:80',
    '[2001:db8::/32]:80',
  ])
    test(`may be ${text}`, () => assert.ok(parseDestination(text)))

  for (const text of [
    '',
    'a b',
    'example.com:0',
    'example.com:70000',
    'http://a',
    '10.0.0.0/40',
    '10.0.0',
    'a*',
  ])
    test(`is not ${JSON.stringify(text)}`, () => assert.equal(parseDestination(text), undefined))
})

describe('a policy for destinations', () => {
  for (const [host, port, tunnel, allow, deny, expected] of [
    ['example.com', 80, false, ['public'], [], 'by_address'],
    ['example.com', 443, true, ['public'], [], 'by_address'],
    ['example.com', 22, true, ['public'], [], 'refused'],
    ['example.com', 22, true, ['public', 'public:22'], [], 'by_address'],
    ['93.184.216.34', 80, false, ['public'], [], 'allowed'],
    ['127.0.0.1', 80, false, ['public'], [], 'refused'],
    ['::1', 80, false, ['public'], [], 'refused'],
    ['169.254.169.254', 80, false, ['public'], [], 'refused'],
    ['10.0.0.1', 80, false, ['public', '10.0.0.0/8:80'], [], 'allowed'],
    ['10.0.0.1', 81, false, ['public', '10.0.0.0/8:80'], [], 'refused'],
    ['a.shop.svc', 80, false, ['*.shop.svc'], [], 'allowed'],
    ['shop.svc', 80, false, ['*.shop.svc'], [], 'refused'],
    ['evil-shop.svc', 80, false, ['shop.svc'], [], 'refused'],
    ['git.example.com', 22, true, ['git.example.com:22'], [], 'allowed'],
    ['anything', 1, false, ['*'], [], 'allowed'],
    ['bad.example.com', 80, false, ['*'], ['*.example.com'], 'refused'],
    ['bad.example.com', 80, false, ['*'], ['*.example.com:81'], 'allowed'],
    ['10.0.0.1', 80, false, ['*'], ['10.0.0.0/8'], 'refused'],
  ] as const)
    test(`${tunnel ? 'CONNECT to ' : ''}${host}:${port} is ${expected} by ${allow}${deny.length ? ` without ${deny}` : ''}`, () => {
      assert.equal(policy([...allow], [...deny]).decide(host, port, tunnel), expected)
    })

  for (const [address, listed, allow, deny, expected] of [
    ['93.184.216.34', false, ['public'], [], true],
    ['10.0.0.1', false, ['public'], [], false],
    ['::ffff:127.0.0.1', false, ['public'], [], false],
    ['10.0.0.1', true, ['shop.svc'], [], true],
    ['169.254.169.254', true, ['shop.svc'], ['169.254.0.0/16'], false],
    ['10.0.0.1', false, ['10.0.0.0/8'], [], true],
    ['nonsense', true, ['*'], [], false],
  ] as const)
    test(`${address} behind ${listed ? 'a listed' : 'an unlisted'} name is ${expected ? 'taken' : 'not taken'} by ${allow}`, () => {
      assert.equal(policy([...allow], [...deny]).takesAddress(address, 80, false, listed), expected)
    })

  test('does not let CONNECT reach a block by the port of another rule', () => {
    const { decide, takesAddress } = policy(['10.0.0.0/8', 'public:22'])
    assert.equal(decide('name', 22, true), 'by_address')
    assert.equal(takesAddress('10.0.0.1', 22, true, false), false)
    assert.equal(takesAddress('8.8.8.8', 22, true, false), true)
  })
})
