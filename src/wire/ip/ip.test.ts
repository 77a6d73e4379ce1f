import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { readAddress, writeAddress } from './address.ts'
import { contains, parseCidr, writeCidr } from './cidr.ts'

const words = new Uint32Array(4)

function canonical(text: string): string | undefined {
  const family = readAddress(text, words)
  return family === 0 ? undefined : writeAddress(family, words)
}

for (const [text, expected] of [
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ['1::8', '1::8'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['::ffff:0a01:0203', '10.1.2.3'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
] as const)
  test(`reads ${text}`, () => assert.equal(canonical(text), expected))

for (const text of [
  ...['', '1', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.256', '1.2.3.4 ', ' 1.2.3.4', '0x1.2.3.4', '1..2.3'],
  ...[':', ':::', '1:2', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', ':1::', '1:', 'g::1'],
  ...[
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '::1.2.3',
    '1.2.3.4::',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1%',
    'unix',
  ],
])
  test(`${JSON.stringify(text)} is no address`, () => assert.equal(canonical(text), undefined))

const ipv4 = fc.ipV4()
const ipv6 = fc.ipV6()

test('takes what the runtime takes, and nothing else, where there is no zone', () => {
  const near = fc.string({ unit: fc.constantFrom(...'01289afF:.'), maxLength: 24 })
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6, near), text => {
      assert.equal(readAddress(text, words) !== 0, isIP(text) !== 0)
    }),
    { numRuns: 2000 },
  )
})

test('a zone changes nothing, whatever its name', () => {
  fc.assert(
    fc.property(ipv6, fc.constantFrom('eth0', 'veth_1', 'br-1.2', 'a b', '%'), (text, zone) => {
      fc.pre(!text.includes('%'))
      assert.equal(canonical(`${text}%${zone}`), canonical(text))
    }),
  )
})

test('what is written is read as the same address', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), text => {
      const once = canonical(text)!
      assert.equal(canonical(once), once)
    }),
  )
})

test('a block holds what the runtime says it holds', () => {
  const block = fc.oneof(
    fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })),
    fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })),
  )
  fc.assert(
    fc.property(block, fc.oneof(ipv4, ipv6), fc.integer({ min: 0, max: 3 }), ([base, bits], other, near) => {
      const cidr = parseCidr(`${base}/${bits}`)
      fc.pre(cidr !== undefined)
      for (const text of [other, base, writeAddress(cidr.family, cidr.words)]) {
        const family = readAddress(text, words)
        if (family === 0) continue
        words[near] ^= family === 6 || near === 3 ? 1 : 0
        const list = new BlockList()
        list.addSubnet(
          writeAddress(cidr.family, cidr.words),
          Number(writeCidr(cidr).split('/')[1]),
          cidr.family === 4 ? 'ipv4' : 'ipv6',
        )
        const asked = writeAddress(family, words)
        if (family !== cidr.family) assert.equal(contains(cidr, family, words), false)
        else
          assert.equal(
            contains(cidr, family, words),
            list.check(asked, family === 4 ? 'ipv4' : 'ipv6'),
            `${base}/${bits} ${asked}`,
          )
      }
    }),
  )
})

for (const [text, expected] of [
  ['10.1.2.3/8', '10.0.0.0/8'],
  ['10.1.2.3', '10.1.2.3/32'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
  ['::/0', '::/0'],
  ['::1', '::1/128'],
  ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
] as const)
  test(`${text} is the block ${expected}`, () => assert.equal(writeCidr(parseCidr(text)!), expected))

for (const text of [
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/08',
  '::/129',
  '::ffff:10.0.0.0/8',
  'fe80::1%eth0/64',
  'x/8',
])
  test(`${text} is no block`, () => assert.equal(parseCidr(text), undefined))
