import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json } from './json.ts'
import { parseQuantity } from './quantity.ts'

describe('a quantity', () => {
  const cases: readonly (readonly [Json, number | undefined])[] = [
    ['1', 1],
    [2, 2],
    ['0.1', 0.1],
    ['100m', 0.1],
    ['300m', 0.3],
    ['1e3', 1000],
    ['1E', 1e18],
    ['1E2', 100],
    ['64Mi', 67_108_864],
    ['1.5Gi', 1_610_612_736],
    ['128M', 128e6],
    ['5k', 5000],
    ['.5', 0.5],
    ['-1', -1],
    ['+2', 2],
    ['5.', 5],
    ['2500000n', 0.0025],
    ['1u', 1e-6],
    ['3Ei', 3 * 2 ** 60],
    ['1e999', 2 ** 63],
    ['-1e999', -(2 ** 63)],
    [Number.POSITIVE_INFINITY, undefined],
    [Number.NaN, undefined],
    ['.', undefined],
    ['1e', undefined],
    ['1e3k', undefined],
    ['0x10', undefined],
    ['Infinity', undefined],
    ['', undefined],
    ['1 Gi', undefined],
    ['1K', undefined],
    ['1mi', undefined],
    ['Mi', undefined],
    [null, undefined],
    [{}, undefined],
  ]
  for (const [text, number] of cases)
    it(`${typeof text === 'number' ? text : JSON.stringify(text)} is ${number ?? 'none'}`, () =>
      assert.equal(parseQuantity(text), number))

  it('is the number that exact arithmetic gives, for whatever manifests hold', () => {
    const nanos: Readonly<Record<string, bigint>> = {
      n: 1n,
      u: 10n ** 3n,
      m: 10n ** 6n,
      '': 10n ** 9n,
      k: 10n ** 12n,
      M: 10n ** 15n,
      Ki: 2n ** 10n * 10n ** 9n,
      Mi: 2n ** 20n * 10n ** 9n,
      Gi: 2n ** 30n * 10n ** 9n,
    }
    fc.assert(
      fc.property(fc.nat(999_999), fc.constantFrom(...Object.keys(nanos)), (digits, suffix) => {
        const exact = BigInt(digits) * nanos[suffix]!
        const wanted = Number(exact / 10n ** 9n) + Number(exact % 10n ** 9n) / 1e9
        assert.equal(parseQuantity(`${digits}${suffix}`), wanted)
      }),
    )
  })

  it('is never more than a number, whatever stands there', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[+-]?[0-9.]{0,8}([eE][0-9+-]{0,4}|[a-zA-Z]{0,2})$/)),
        text => {
          const amount = parseQuantity(text)
          assert.ok(amount === undefined || Number.isFinite(amount))
        },
      ),
    )
  })
})
