import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServerNames } from './server-names.ts'

const names = new ServerNames([
  ['Shop.example.', 'exact'],
  ['*.example', 'wildcard'],
])
for (const [name, expected] of [
  ['shop.example', 'exact'],
  ['SHOP.EXAMPLE', 'exact'],
  ['shop.example.', 'exact'],
  ['cart.example', 'wildcard'],
  ['a.b.example', undefined],
  ['example', undefined],
  ['.example', undefined],
  ['*.example', 'wildcard'],
  ['', undefined],
] as const)
  test(`${name || 'no name'} finds ${expected}`, () => assert.equal(names.find(name), expected))
