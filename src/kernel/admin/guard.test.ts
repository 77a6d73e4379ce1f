import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Address } from '../module.ts'
import { refusal } from './guard.ts'

const LOCAL: Address = { host: '127.0.0.1', port: 4600 }
const WIDE: Address = { host: '0.0.0.0', port: 4600 }

function status(
  method: string,
  authority: string,
  bound: Address,
  headers: Record<string, string> = {},
  fromLoopback = true,
) {
  return refusal({ method, authority, fromLoopback, header: name => headers[name] }, bound)?.status
}

describe('the Host header', () => {
  const cases: [authority: string, bound: Address, status: number | undefined][] = [
    ['localhost:4600', LOCAL, undefined],
    ['LOCALHOST', LOCAL, undefined],
    ['127.0.0.1:4600', LOCAL, undefined],
    ['[::1]:4600', LOCAL, undefined],
    ['', LOCAL, undefined],
    ['evil.example', LOCAL, 421],
    ['evil.example:4600', LOCAL, 421],
    ['localhost.evil.example', LOCAL, 421],
    ['127.0.0.1.evil.example', LOCAL, 421],
    ['localhost:4600@evil.example', LOCAL, 421],
    ['10.0.0.5:4600', LOCAL, 421],
    ['10.0.0.5:4600', WIDE, undefined],
    ['[fd00::5]:4600', WIDE, undefined],
    ['evil.example', WIDE, 421],
    ['10.0.0.5', { host: '10.0.0.5', port: 1 }, undefined],
    ['admin.local:1', { host: 'admin.local', port: 1 }, undefined],
    ['[fd00::5]:1', { host: 'fd00::5', port: 1 }, undefined],
    ['anything', { path: '/run/outrigger.sock' }, undefined],
  ]
  for (const [authority, bound, expected] of cases) {
    test(`"${authority}" at ${JSON.stringify(bound)}: ${expected ?? 'served'}`, () =>
      assert.equal(status('GET', authority, bound), expected))
  }
})

test('a name that the user has added is served, with any port, and others are not', () => {
  const asked = (authority: string) =>
    refusal({ method: 'GET', authority, fromLoopback: false, header: () => undefined }, WIDE, [
      'Shop.internal',
    ])?.status
  assert.deepEqual(['shop.internal:4600', 'SHOP.internal', 'evil.example'].map(asked), [
    undefined,
    undefined,
    421,
  ])
})

describe('what changes the process', () => {
  const cases: [
    what: string,
    headers: Record<string, string>,
    fromLoopback: boolean,
    status: number | undefined,
  ][] = [
    ['comes from a tool on this machine', {}, true, undefined],
    ['comes from another machine', {}, false, 403],
    [
      'comes from our own page',
      { origin: 'http://localhost:4600', 'sec-fetch-site': 'same-origin' },
      true,
      undefined,
    ],
    ['was typed by the user', { 'sec-fetch-site': 'none' }, true, undefined],
    [
      'comes from a page of another site',
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      true,
      403,
    ],
    [
      'comes from another port of this machine',
      { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' },
      true,
      403,
    ],
    ['comes from an old browser and another site', { origin: 'https://evil.example' }, true, 403],
    ['comes from an old browser and our own page', { origin: 'http://localhost:4600' }, true, undefined],
    ['comes from a sandboxed page', { origin: 'null' }, true, 403],
  ]
  for (const [what, headers, fromLoopback, expected] of cases) {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      test(`${method} ${what}: ${expected ?? 'served'}`, () =>
        assert.equal(status(method, 'localhost:4600', LOCAL, headers, fromLoopback), expected))
    }
  }

  test('reading is served to other machines', () =>
    assert.equal(status('GET', '10.0.0.5', WIDE, {}, false), undefined))
})
