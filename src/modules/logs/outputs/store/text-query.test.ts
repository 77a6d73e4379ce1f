import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textQuery } from './text-query.ts'

test('words, phrases and beginnings become an expression for the index and pieces to check', () => {
  const cases: [text: string, match: string, pieces: string[]][] = [
    ['timeout', '"timeout"', []],
    ['Payment refused', '"Payment" AND "refused"', []],
    ['"connection refused"', '"connection" AND "refused"', ['connection refused']],
    ['10.0.0.7', '"10" AND "0" AND "0" AND "7"', ['10.0.0.7']],
    ['check*', '"check"*', []],
    ['/api/check*', '"api" AND "check"*', ['/api/check']],
    ['größe 😀 x', '"größe" AND "x"', []],
    ['AND OR NOT', '"AND" AND "OR" AND "NOT"', []],
    ['C:\\temp', '"C" AND "temp"', ['C:\\\\temp']],
    ['"unclosed quote', '"unclosed" AND "quote"', []],
  ]
  for (const [text, match, pieces] of cases) assert.deepEqual(textQuery(text), { match, pieces }, text)
})

test('without a word there is nothing to search for', () => {
  for (const text of ['', '  ', '"', '...', '""', '*']) assert.equal(textQuery(text), undefined, text)
})
