import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { combineShares } from './shares.ts'

/** By doubling, as a check on the other way of multiplying. */
function multiplied(a: number, b: number): number {
  let [product, factor, left] = [0, a, b]
  for (; left > 0; left >>= 1) {
    if (left & 1) product ^= factor
    factor = factor & 0x80 ? ((factor << 1) ^ 0x11b) & 0xff : factor << 1
  }
  return product
}

/** The share at a place: of each byte the polynomial whose other coefficients are given. */
function share(secret: Uint8Array, coefficients: readonly Uint8Array[], place: number): Uint8Array {
  const bytes = secret.map((byte, at) => {
    let power = 1
    let sum = byte
    for (const coefficient of coefficients) {
      power = multiplied(power, place)
      sum ^= multiplied(coefficient[at]!, power)
    }
    return sum
  })
  return Uint8Array.from([...bytes, place])
}

test('as many shares as are needed give the secret, in any order; one less gives nothing of it', () => {
  const bytes = fc.uint8Array({ minLength: 8, maxLength: 8 })
  const places = fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(bytes, fc.tuple(bytes, bytes), places, (secret, coefficients, where) => {
      const shares = where.map(place => share(secret, coefficients, place))
      assert.deepEqual(combineShares(shares), secret)
      assert.deepEqual(combineShares(shares.toReversed()), secret)
    }),
  )
  const secret = new Uint8Array(8)
  const coefficients = [new Uint8Array(8).fill(7), new Uint8Array(8).fill(9)]
  const shares = [1, 2].map(place => share(secret, coefficients, place))
  assert.notDeepEqual(combineShares(shares), secret)
})

const strange: [string, number[][]][] = [
  ['none', []],
  [
    'of different lengths',
    [
      [1, 2, 1],
      [1, 2],
    ],
  ],
  [
    'of one place',
    [
      [1, 2, 3],
      [4, 5, 3],
    ],
  ],
  [
    'of the place of the secret itself',
    [
      [1, 2, 0],
      [4, 5, 3],
    ],
  ],
  ['empty', [[], []]],
]
for (const [what, shares] of strange)
  test(`shares that are ${what} are none`, () =>
    assert.equal(combineShares(shares.map(bytes => Uint8Array.from(bytes))), undefined))
