import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAlternativeNames } from './alternative-names.ts'

for (const [text, expected] of [
  ['', []],
  ['DNS:a', [['DNS', 'a']]],
  [
    'URI:spiffe://a/b, DNS:c',
    [
      ['URI', 'spiffe://a/b'],
      ['DNS', 'c'],
    ],
  ],
  [
    'IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    [
      ['IP Address', '127.0.0.1'],
      ['IP Address', '0:0:0:0:0:0:0:1'],
    ],
  ],
  ['DNS:"a, URI:spiffe://x/admin"', [['DNS', 'a, URI:spiffe://x/admin']]],
  [
    'DNS:"q\\"uote", URI:b',
    [
      ['DNS', 'q"uote'],
      ['URI', 'b'],
    ],
  ],
] as const)
  test(`${JSON.stringify(text)} holds ${expected.length} names`, () => {
    const names = parseAlternativeNames(text)?.map(({ type, value }) => [type, value])
    assert.deepEqual(names, expected)
  })

for (const text of ['DNS:"a', 'DNS:a,URI:b', 'nothing', 'DNS:a"b', 'DNS:"\\x"'])
  test(`${text} is not of the form`, () => assert.equal(parseAlternativeNames(text), undefined))
