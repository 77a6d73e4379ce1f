import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonNumber, losslessFrom, parseLossless, plainJson, writeLossless } from './lossless.ts'

test('numbers keep the text they were written in', () => {
  for (const text of ['12345678901234567890', '0.10', '1e400', '-0', '1.0', '123456789.123456789123456789'])
    assert.equal(writeLossless(parseLossless(text)), text)
})

test('objects become maps with all of their keys, those of JavaScript’s own objects too', () => {
  const value = parseLossless('{"__proto__":{"a":1},"constructor":null,"b":[{"c":true}]}')
  assert.ok(value instanceof Map)
  assert.deepEqual([...value.keys()], ['__proto__', 'constructor', 'b'])
  assert.deepEqual(value.get('b'), [new Map([['c', true]])])
  assert.equal(writeLossless(value), '{"__proto__":{"a":1},"constructor":null,"b":[{"c":true}]}')
})

test('what is no JSON is told by its place and never quoted', () => {
  for (const text of ['{"password":"hunter2",}', '{"password":hunter2}', 'hunter2', '', '{"a":"hunter2'])
    assert.throws(
      () => parseLossless(text),
      (error: Error) =>
        error instanceof SyntaxError &&
        !error.message.includes('hunter') &&
        error.message.startsWith('no valid JSON'),
    )
})

test('a text that is nested without end is refused, not a crash', () =>
  assert.throws(() => parseLossless('['.repeat(2_000_000)), SyntaxError))

test('what is nested by thousands of levels is told as that', () => {
  const deep = `${'[['.repeat(100_000)}"hunter2"${']]'.repeat(100_000)}`
  assert.throws(() => parseLossless(deep), { name: 'JsonTooDeep', message: /it is nested too deeply$/ })
})

test('any JSON value survives reading and writing', () =>
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const text = JSON.stringify(value)
      assert.deepEqual(JSON.parse(writeLossless(parseLossless(text))), JSON.parse(text))
      assert.deepEqual(plainJson(losslessFrom(value)), JSON.parse(text))
    }),
  ))

test('what JSON does not have is refused', () => {
  assert.throws(() => losslessFrom(undefined), TypeError)
  assert.equal(losslessFrom(1.5) instanceof JsonNumber, true)
})
