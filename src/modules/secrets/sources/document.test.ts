import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeLossless } from '../../../wire/json/lossless.ts'
import { DocumentError, type DocumentFormat, formatOfName, readDocument } from './document.ts'

const documents: [DocumentFormat, string, string][] = [
  ['json', '{"n":12345678901234567890,"a":{"b":[1.50]}}', '{"n":12345678901234567890,"a":{"b":[1.50]}}'],
  [
    'yaml',
    'n: 12345678901234567890\na: {b: [1.5, true, null]}\n1: x',
    '{"1":"x","n":12345678901234567890,"a":{"b":[1.5,true,null]}}',
  ],
  ['yaml', 'a: &x {p: 1}\nb: *x\nd: 2026-01-02', '{"a":{"p":1},"b":{"p":1},"d":"2026-01-02"}'],
  ['env', 'A=1\nB="two"', '{"A":"1","B":"two"}'],
  ['text', 'hunter2\n', '{"value":"hunter2\\n"}'],
]
for (const [format, text, expected] of documents)
  test(`reads ${format} ${JSON.stringify(text)}`, async () => {
    assert.deepEqual(JSON.parse(writeLossless(await readDocument(text, format))), JSON.parse(expected))
    if (text.includes('12345678901234567890'))
      assert.match(writeLossless(await readDocument(text, format)), /12345678901234567890/)
  })

const bombs = `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e'].map((name, i) => `${name}: &${name} [${`*${'abcd'[i]},`.repeat(9)}]`).join('\n')}`
const mistakes: [DocumentFormat, string, RegExp][] = [
  ['json', '{"hunter2', /no valid JSON at line 1, column 10/],
  ['json', '{\n "a": hunter2}', /no valid JSON at line 2, column \d+/],
  ['json', `{"a":${'['.repeat(100)}"hunter2"${']'.repeat(100)}}`, /nests too deeply/],
  [
    'json',
    `{"a":${'['.repeat(20_000)}"hunter2"${']'.repeat(20_000)}}`,
    /nests too deeply: at most 100 levels/,
  ],
  ['json', `{"a":${'['.repeat(300_000)}`, /nests too deeply|no valid JSON/],
  ['yaml', `a: ${'['.repeat(20_000)}`, /nests too deeply|no valid YAML/],
  ['json', '["hunter2"]', /expected a mapping of names to values, got a list/],
  ['yaml', 'hunter2', /got one value/],
  ['yaml', 'a: hunter2: b', /no valid YAML at line 1, column \d+/],
  ['yaml', 'a: 1\na: hunter2', /no valid YAML/],
  ['yaml', 'a: *hunter2', /no valid YAML/],
  ['yaml', bombs, /too many of them/],
  ['env', 'hunter2', /line 1: expected NAME=value/],
]
for (const [format, text, expected] of mistakes)
  test(`${format} ${JSON.stringify(text.slice(0, 30))} is refused, and not shown`, () =>
    assert.rejects(readDocument(text, format), (error: Error) => {
      assert.ok(error instanceof DocumentError, String(error))
      assert.match(error.message, expected)
      assert.doesNotMatch(error.message, /hunter2/)
      return true
    }))

test('the name of a file tells its format', () => {
  const names = ['a.json', 'b.YAML', 'c.yml', '.env', 'app.env', 'd/env', 'password', 'x.txt']
  assert.deepEqual(names.map(formatOfName), ['json', 'yaml', 'yaml', 'env', 'env', 'env', 'text', 'text'])
})
