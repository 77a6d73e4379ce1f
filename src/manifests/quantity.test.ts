import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
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
    ['', undefined],
    ['1 Gi', undefined],
    ['1K', undefined],
    ['1mi', undefined],
    ['Mi', undefined],
    [null, undefined],
    [{}, undefined],
  ]
  for (const [text, number] of cases)
    it(`${JSON.stringify(text)} is ${number ?? 'none'}`, () => assert.equal(parseQuantity(text), number))
})
