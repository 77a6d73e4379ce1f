import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonText, plainText } from './escape.ts'

const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)) })

test('whatever a value holds, a line of text stays one line and a quoted field one field', () => {
  fc.assert(
    fc.property(bytes, value => {
      const text = plainText(value)
      assert.match(text, /^[\x20-\x7e]*$/)
      assert.equal(text.replace(/\\(?:["\\]|x[0-9a-f]{2})/g, '').match(/["\\]/), null)
    }),
  )
})

test('whatever a value holds, it is one JSON string without control characters', () => {
  fc.assert(
    fc.property(bytes, value => {
      const text = jsonText(value)
      assert.equal(typeof JSON.parse(text), 'string')
      assert.equal(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(text), false)
    }),
  )
})

test('UTF-8 in a value can be read in JSON', () => {
  assert.equal(jsonText(Buffer.from('Zürich').toString('latin1')), '"Zürich"')
})

for (const [value, text] of [
  ['plain', 'plain'],
  ['a"b', 'a\\"b'],
  ['a\\b', 'a\\\\b'],
  ['a\nb', 'a\\x0ab'],
  ['\x1b[31m', '\\x1b[31m'],
  ['\xfc', '\\xfc'],
] as const)
  test(`${JSON.stringify(value)} is ${text} in a line of text`, () => assert.equal(plainText(value), text))
