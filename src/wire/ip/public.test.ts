import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAddress } from './address.ts'
import { isPublic } from './public.ts'

for (const [address, expected] of [
  ['93.184.216.34', true],
  ['8.8.8.8', true],
  ['172.15.255.255', true],
  ['172.32.0.1', true],
  ['2606:2800:220:1::1', true],
  ['64:ff9b::8.8.8.8', true],
  ['127.0.0.1', false],
  ['127.255.0.9', false],
  ['0.0.0.0', false],
  ['10.1.2.3', false],
  ['172.16.0.1', false],
  ['172.31.255.255', false],
  ['192.168.1.1', false],
  ['100.64.0.1', false],
  ['169.254.169.254', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['::', false],
  ['::1', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:169.254.169.254', false],
  ['::7f00:1', false],
  ['64:ff9b::10.0.0.1', false],
  ['64:ff9b:1::1', false],
  ['2002:7f00:1::', false],
  ['2001:db8::1', false],
  ['2001:0:53aa::1', false],
  ['fc00::1', false],
  ['fd00:ec2::254', false],
  ['fe80::1%eth0', false],
  ['fec0::1', false],
  ['ff02::1', false],
  ['not an address', false],
] as const)
  test(`${address} is ${expected ? 'public' : 'not public'}`, () => {
    const words = new Uint32Array(4)
    assert.equal(isPublic(readAddress(address, words), words), expected)
  })
