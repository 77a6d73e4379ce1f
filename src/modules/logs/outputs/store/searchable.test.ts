import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { searchableText } from './searchable.ts'

test('the strings of a record without its keys', () => {
  const cases: [record: string, record_: string, message: string][] = [
    ['{"message":"it failed","path":"/a"}', 'it failed /a ', 'it failed '],
    ['{"n":1,"ok":true,"none":null}', '', ''],
    ['{"list":["one",{"two" : "three"}]}', 'one three ', ''],
    ['{"msg":"a \\"quoted\\" \\u00fc\\n"}', 'a "quoted" ü\n ', 'a "quoted" ü\n '],
    ['{"key: \\"x\\"":"y"}', 'y ', ''],
    ['{"error" : "broken", "other":"message"}', 'broken message ', 'broken '],
  ]
  for (const [record, all, message] of cases) {
    assert.equal(searchableText(record, 'record'), all, record)
    assert.equal(searchableText(record, 'message'), message, record)
    assert.equal(searchableText(record, 'none'), '')
  }
})

test('every string value of any record is found, and no key', () => {
  const words = fc.string({ unit: 'binary', maxLength: 20 })
  fc.assert(
    fc.property(fc.dictionary(words, fc.array(words)), record => {
      const expected = Object.values(record).flat()
      return searchableText(JSON.stringify(record), 'record') === expected.map(it => `${it} `).join('')
    }),
  )
})
