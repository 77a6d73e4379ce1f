import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DotenvError, parseDotenv } from './dotenv.ts'

const cases: [string, Record<string, string>][] = [
  ['', {}],
  ['\ufeffA=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ['# all\n\n  export A=b # why\nC = d#e\n', { A: 'b', C: 'd#e' }],
  ['A=\nB="x#y" # z\nC=\'$HOME "n"\'', { A: '', B: 'x#y', C: '$HOME "n"' }],
  ['A="one\\ntwo\\t\\"q\\" \\\\ \\d"\nB=1', { A: 'one\ntwo\t"q" \\ \\d', B: '1' }],
  ['KEY="-----BEGIN\nabc\n-----END"\nB=1', { KEY: '-----BEGIN\nabc\n-----END', B: '1' }],
  ['a.b-c=1\nA=1\nA=2', { 'a.b-c': '1', A: '2' }],
  ['A=#none\nB= spaced out ', { A: '', B: 'spaced out' }],
]
for (const [text, expected] of cases)
  test(`reads ${JSON.stringify(text)}`, () =>
    assert.deepEqual(Object.fromEntries(parseDotenv(text)), expected))

const mistakes: [string, RegExp][] = [
  ['A=1\nhunter2 is it', /^line 2: expected NAME=value$/],
  ['\n\n="x"', /^line 3: expected NAME/],
  ['A="two\nlines"\nB="open', /^line 3: the closing quote is missing$/],
  ['A="x"y', /^line 1: expected nothing behind/],
]
for (const [text, expected] of mistakes)
  test(`names the line of ${JSON.stringify(text)} and quotes nothing`, () => {
    assert.throws(
      () => parseDotenv(text),
      (error: Error) => error instanceof DotenvError && expected.test(error.message),
    )
  })

test('any text is read or refused in its own words', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('A', '=', '"', "'", '#', '\n', '\\', ' ') }), text => {
      try {
        parseDotenv(text)
      } catch (error) {
        assert.ok(error instanceof DotenvError)
      }
    }),
  )
})
