import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Address } from '../module.ts'
import { formatAddress, parseAddress } from './address.ts'

const cases: [string, Address | undefined][] = [
  ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['[::1]:65535', { host: '::1', port: 65535 }],
  ['/run/a.sock', { path: '/run/a.sock' }],
  ['unix:/run/a.sock', { path: '/run/a.sock' }],
  ['::1:80', undefined],
  [':80', undefined],
  ['80', undefined],
  ['localhost', undefined],
  ['localhost:65536', undefined],
  ['http://localhost:80', undefined],
  ['', undefined],
]

for (const [text, address] of cases) {
  test(`"${text}" is ${address ? 'an address' : 'no address'}`, () => {
    assert.deepEqual(parseAddress(text), address)
    if (address) assert.deepEqual(parseAddress(formatAddress(address)), address)
  })
}
