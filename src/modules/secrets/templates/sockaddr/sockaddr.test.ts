import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Address } from './address.ts'
// What go-sockaddr 1.0.7 says for these addresses; null where it fails.
import answers from './fixtures/answers.json' with { type: 'json' }
import { type InterfaceAddress, type Network, readNetwork } from './interfaces.ts'
import { sockaddrFunctions } from './sockaddr.ts'

const on = (name: string, flags: readonly string[], ...addresses: readonly string[]): InterfaceAddress[] =>
  addresses.map(address => ({ name, flags: new Set(flags), address: Address.parse(address) }))

const network: Network = {
  addresses: [
    ...on('lo', ['up', 'loopback'], '127.0.0.1/8', '::1/128'),
    ...on(
      'eth0',
      ['up', 'broadcast', 'multicast'],
      '10.1.2.3/16',
      '8.8.8.8/24',
      'fd00::2/64',
      'fe80::fc:ff:fe00:1/64',
      '2a00:1:2::3/48',
    ),
    ...on('tun0', ['pointtopoint', 'multicast'], '192.168.7.1/31', '172.16.0.9/32', '169.254.1.1/16'),
  ],
  defaultInterface: 'eth0',
}

function asked(expression: string, of: Network = network): string {
  const [sockaddr] = sockaddrFunctions(() => of)
  return String(sockaddr!.call([expression]))
}

for (const [expression, expected] of answers as [string, string | null][])
  test(`sockaddr ${expression}`, () => {
    if (expected === null) assert.throws(() => asked(expression))
    else assert.equal(asked(expression), expected)
  })

const rows: [string, string][] = [
  ['GetPrivateIP', '10.1.2.3'],
  ['GetPrivateIPs', '10.1.2.3 192.168.7.1 172.16.0.9 fd00::2'],
  ['GetPublicIP', '8.8.8.8'],
  ['GetPublicIPs', '8.8.8.8 2a00:1:2::3'],
  ['GetInterfaceIP "eth0"', '10.1.2.3'],
  ['GetInterfaceIPs "tun"', '169.254.1.1 192.168.7.1 172.16.0.9'],
  ['GetInterfaceIP "none"', ''],
  ['GetDefaultInterfaces | sort "type,size" | limit 1 | attr "name"', 'eth0'],
  ['GetPrivateInterfaces | join "address" " "', '10.1.2.3 fd00::2'],
  ['GetPublicInterfaces | join "address" " "', '8.8.8.8 2a00:1:2::3'],
  ['GetAllInterfaces | sort "default,address" | unique "name" | join "name" ","', 'eth0,lo,tun0'],
]
for (const [expression, expected] of rows)
  test(`sockaddr ${expression} is ${expected === '' ? 'nothing' : expected}`, () =>
    assert.equal(asked(expression), expected))

test('without a default route there is no default interface', () =>
  assert.throws(
    () => asked('GetDefaultInterfaces', { ...network, defaultInterface: undefined }),
    /No default interface found/,
  ))

test('the network of this machine has its own address', () => {
  assert.equal(
    asked('GetAllInterfaces | include "name" "^lo$" | include "type" "IPv4" | attr "address"', readNetwork()),
    '127.0.0.1',
  )
  assert.match(
    asked('GetAllInterfaces | include "name" "^lo$" | attr "flags"', readNetwork()),
    /up\|loopback/,
  )
})
