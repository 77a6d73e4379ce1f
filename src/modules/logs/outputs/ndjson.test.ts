import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MessageField, unescapeInto } from './message-field.ts'
import { ndjson, rawLines } from './ndjson.ts'
import { fakeSlice } from './output-fakes.ts'

describe('records as lines', () => {
  const table = [
    {
      what: 'records that stand as lines',
      slices: [fakeSlice(['{"a":1}', '{"a":2}'])],
      lines: '{"a":1}\n{"a":2}\n',
    },
    {
      what: 'records with more between them',
      slices: [fakeSlice(['{"a":1}', '{"a":2}'], { between: '##' })],
      lines: '{"a":1}\n{"a":2}\n',
    },
    {
      what: 'records without anything between them',
      slices: [fakeSlice(['{"a":1}', '{"a":2}'], { between: '' })],
      lines: '{"a":1}\n{"a":2}\n',
    },
    {
      what: 'a part of a frame',
      slices: [{ ...fakeSlice(['1', '2', '3', '4']), from: 1, to: 3 }],
      lines: '2\n3\n',
    },
    { what: 'several frames', slices: [fakeSlice(['1']), fakeSlice(['2', '3'])], lines: '1\n2\n3\n' },
    { what: 'no record', slices: [], lines: '' },
  ]
  for (const { what, slices, lines } of table) {
    test(`of ${what}`, () => assert.equal(ndjson(slices).toString(), lines))
  }

  test('keep bytes that are not UTF-8', () => {
    const record = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
    assert.deepEqual(ndjson([fakeSlice([record])]), Buffer.concat([record, Buffer.from('\n')]))
  })
})

describe('raw lines', () => {
  const raw = (...records: (object | string | Buffer)[]) =>
    rawLines([fakeSlice(records)], new MessageField('message'))

  const table: [object | string, string][] = [
    [{ message: 'plain' }, 'plain'],
    [{ a: 1, message: 'a "quoted" \\ path' }, 'a "quoted" \\ path'],
    ['{"message":"tab\\t \\u00e9 \\ud83d\\ude00 \\/"}', 'tab\t é 😀 /'],
    ['{"message":"\\ud83d alone"}', '\ufffd alone'],
    [{ message: '' }, ''],
    [{ message: 7 }, '7'],
    [{ message: { a: [1] } }, '{"a":[1]}'],
    [{ other: 'x' }, '{"other":"x"}'],
    [{ nested: { message: 'x' } }, '{"nested":{"message":"x"}}'],
  ]
  for (const [record, line] of table) {
    test(`of ${typeof record === 'string' ? record : JSON.stringify(record)}`, () => {
      assert.equal(raw(record).toString(), `${line}\n`)
    })
  }

  test('are the application’s bytes, UTF-8 or not', () => {
    const message = Buffer.from([0x61, 0xff, 0xc3, 0x5c, 0x5c, 0x62])
    const record = Buffer.concat([Buffer.from('{"message":"'), message, Buffer.from('"}')])
    assert.deepEqual(raw(record), Buffer.from([0x61, 0xff, 0xc3, 0x5c, 0x62, 0x0a]))
  })

  test('give back any text that became JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        const literal = Buffer.from(JSON.stringify(text))
        const target = Buffer.alloc(literal.length)
        const end = unescapeInto(literal, 1, literal.length - 1, target, 0)
        assert.equal(target.toString('utf8', 0, end), text)
      }),
    )
  })
})
