import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fieldNotation, parseAccessor, parseTemplate } from './accessor.ts'
import { translateRegex } from './regex.ts'
import { readBoolean, readCommaList, readSize, readTime, readWords } from './scalars.ts'

describe('values', () => {
  const sizes: readonly (readonly [string, number | undefined])[] = [
    ['32k', 32_000],
    ['32K', 32_000],
    ['5MB', 5_000_000],
    ['1G', 1_000_000_000],
    ['4096', 4096],
    ['1.5M', 1_500_000],
    ['10 M', 10_000_000],
    ['', undefined],
    ['5T', undefined],
    ['-1', undefined],
    ['k', undefined],
  ]
  for (const [text, bytes] of sizes) test(`the size ${text}`, () => assert.equal(readSize(text), bytes))

  const times: readonly (readonly [string, number | undefined])[] = [
    ['5', 5000],
    ['0.5', 500],
    ['5s', 5000],
    ['1m', 60_000],
    ['10h', 36_000_000],
    ['2d', 172_800_000],
    ['2 hours', 7_200_000],
    ['x', undefined],
    ['-5', undefined],
  ]
  for (const [text, ms] of times) test(`the time ${text}`, () => assert.equal(readTime(text), ms))

  test('booleans in all their words', () => {
    assert.deepEqual(['on', 'True', 'YES', '1', 'off', 'false', 'No', '0', 'maybe'].map(readBoolean), [
      true,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      undefined,
    ])
  })

  test('lists and words', () => {
    assert.deepEqual(readCommaList('a, b,,c '), ['a', 'b', 'c'])
    assert.deepEqual(readWords('key  the rest of it', 2), ['key', 'the rest of it'])
    assert.deepEqual(readWords('"a key" "a \\"value\\"" x'), ['a key', 'a "value"', 'x'])
    assert.deepEqual(readWords('  '), [])
  })
})

describe('record accessors', () => {
  const paths: readonly (readonly [string, readonly (string | number)[] | undefined, string | undefined])[] =
    [
      ['log', ['log'], 'log'],
      ['$log', ['log'], 'log'],
      [
        "$kubernetes['labels']['app.kubernetes.io/name']",
        ['kubernetes', 'labels', 'app.kubernetes.io/name'],
        'kubernetes.labels."app.kubernetes.io/name"',
      ],
      ["$a['it''s']", ['a', "it's"], 'a."it\'s"'],
      ['$a[0]["b"]', ['a', 0, 'b'], undefined],
      ['$a.b', ['a.b'], '"a.b"'],
      ['a b', ['a b'], '"a b"'],
      ['$', undefined, undefined],
      ['', undefined, undefined],
      ['$a$b', undefined, undefined],
    ]
  for (const [text, path, notation] of paths) {
    test(`the accessor ${text || '(empty)'}`, () => {
      assert.deepEqual(parseAccessor(text), path)
      if (path !== undefined) assert.equal(fieldNotation(path), notation)
    })
  }

  test('templates are text, fields, the tag, its parts and captures', () => {
    assert.deepEqual(parseTemplate("new.$TAG.$TAG[1].$1.$ss['s1']['s2'].out$"), [
      { kind: 'text', text: 'new.' },
      { kind: 'tag' },
      { kind: 'text', text: '.' },
      { kind: 'tagPart', index: 1 },
      { kind: 'text', text: '.' },
      { kind: 'capture', index: 1 },
      { kind: 'text', text: '.' },
      { kind: 'field', path: ['ss', 's1', 's2'] },
      { kind: 'text', text: '.out$' },
    ])
  })

  test('no text makes them throw', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        parseTemplate(text)
        parseTemplate(`$a[${text}`)
        parseAccessor(text)
      }),
    )
  })
})

describe('regular expressions', () => {
  const translated: readonly (readonly [string, string])[] = [
    ['^(?<a>[^ ]*) (?<b>.*)$', 'one two'],
    ['/^ABC$/i', 'abc'],
    ['/a.b/m', 'a\nb'],
    ['\\A\\h+\\z', 'ff'],
  ]
  for (const [text, matched] of translated) {
    test(`${text} in JavaScript`, () => {
      const regex = translateRegex(text)
      assert.ok('source' in regex && new RegExp(regex.source).test(matched))
    })
  }

  test('a text of several lines is anchored at each of them', () => {
    const regex = translateRegex('^b$', { lines: true })
    assert.ok('source' in regex && new RegExp(regex.source).test('a\nb\nc'))
  })

  test('what JavaScript cannot say is refused with a reason', () => {
    const regex = translateRegex('(?>a+)b')
    assert.match('problem' in regex ? regex.problem : '', /^it has /)
  })
})
