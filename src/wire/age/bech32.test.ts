import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeBech32 } from './bech32.ts'

const KEY = 'AGE-SECRET-KEY-1SG6Z2C3245Y090LFKLVRPLSGS6KEDSQFGAX30HJ62SPVK52HJ9XSYXD45H'

test('a key of age has 32 bytes, in capitals or small letters', () => {
  const bytes = decodeBech32(KEY, 'AGE-SECRET-KEY-')
  assert.equal(bytes?.length, 32)
  assert.deepEqual(decodeBech32(KEY.toLowerCase(), 'AGE-SECRET-KEY-'), bytes)
})

test('BIP 173 has an example of no bytes at all', () =>
  assert.deepEqual(decodeBech32('A12UEL5L', 'a'), new Uint8Array(0)))

test('a change of any character is noticed', () => {
  for (let place = 0; place < KEY.length; place++) {
    const other = KEY[place] === 'Q' ? 'P' : 'Q'
    assert.equal(
      decodeBech32(KEY.slice(0, place) + other + KEY.slice(place + 1), 'AGE-SECRET-KEY-'),
      undefined,
    )
  }
})

for (const text of [
  '',
  'age1',
  'AGE-SECRET-KEY-1',
  `${KEY}a`,
  `a${KEY.slice(1)}`,
  KEY.slice(0, -1),
  `${KEY} `,
])
  test(`${JSON.stringify(text)} is no key`, () =>
    assert.equal(decodeBech32(text, 'AGE-SECRET-KEY-'), undefined))
