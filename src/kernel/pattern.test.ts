import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compilePattern, MAX_LINEAR_TEXT, MAX_TEXT } from './pattern.ts'

function compiled(source: string, flags = ''): RegExp {
  const pattern = compilePattern(source, flags)
  assert.ok('regex' in pattern, JSON.stringify(pattern))
  return pattern.regex
}

/** Patterns that hold a backtracking matcher for the square of the line or longer, most of them for ever, and what does it. */
const hostile: [source: string, unit: string, flags?: string][] = [
  ['(a|a)*b', 'a'],
  ['(a*)*b', 'a'],
  ['^(?<a>(a+)+)$', 'a'],
  ['(?:a+)+$', 'A', 'i'],
  ['(?:é+)+$', 'É', 'i'],
  ['(?i:a+)+$', 'A'],
  ['(?:a|aa)+$', 'a'],
  ['(?:a|ab)*c', 'ab'],
  ['(.*a){10}b', 'a'],
  ['(?:.*a){20}b', 'a'],
  ['\\s+$', ' '],
  ['\\s+\\s+$', ' '],
  ['\\s+\\s+\\s+$', ' '],
  ['\\w+\\s+$', 'a '],
  ['^\\s+|\\s+$', ' '],
  ['.*.*=.*', 'a'],
  ['x*x*x*x*y', 'x'],
  ['(\\w+)*\\d', 'a'],
  ['^(\\w+\\s?)*$', 'a'],
  ['(?:[a-z]+){1,}@', 'a'],
  ['(?:\\d+\\.?)+x', '1'],
  ['(?<!b)a*c', 'a'],
  ['^(?:[^"\\\\]|\\\\.|[^"])*$', '\\'],
  ['a*?a*?a*?$', 'a'],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'],
  ['(?<a>[^ ]*) (?<b>[^ ]*) (?<c>.*) (?<d>.*) end', ' '],
  ['[\\w.+-]+@[\\w-]+\\.[\\w.-]+$', 'a@a.'],
  ['a{17}(?:a+)+$', 'a'],
  ['(?=a)a*$', 'a'],
  ['^(?!.*x)(?:a|b)*c', 'ab'],
  ['^(?:a|b)*c', 'a'],
]

/** Ends what would run into the hours anywhere, on a busy machine, too. */
const LONG_MS = 15_000

describe('a pattern of the user', () => {
  for (const [source, unit, flags] of hostile) {
    it(`${source}, held against lines of ${JSON.stringify(unit)}, comes to its end`, () => {
      const regex = compiled(source, flags)
      const begin = performance.now()
      for (const size of [100, 2000, MAX_LINEAR_TEXT - 2, MAX_TEXT - 2, 16 * MAX_TEXT]) {
        regex.test(`${unit.repeat(size / unit.length)}!`)
      }
      assert.ok(performance.now() - begin < LONG_MS)
    })

    it(`${source}, searched for in lines of ${JSON.stringify(unit)}, comes to its end`, () => {
      const pattern = compilePattern(source, `${flags ?? ''}g`)
      if ('reason' in pattern) return
      const begin = performance.now()
      for (const size of [2000, 20_000, MAX_TEXT + 1]) {
        ;`${unit.repeat(size / unit.length)}!`.replace(pattern.regex, '')
      }
      assert.ok(performance.now() - begin < LONG_MS)
    })
  }

  const refused: [source: string, reason: RegExp][] = [
    ['(a', /Unterminated group/],
    ['(a)\\1', /exponential/],
    ['(?=a)(a+)+$', /exponential/],
    ['(?=a)a*a*a*$', /to the power of 4/],
    ['(?:a{0,40}){40}b', /exponential/],
    ['(?=b)(?:(?:(?:a{9}){9}){9}){9}', /exponential/],
  ]
  for (const [source, reason] of refused) {
    it(`${source} is refused`, () => {
      const pattern = compilePattern(source)
      assert.ok('reason' in pattern)
      assert.match(pattern.reason, reason)
      assert.ok(pattern.hint)
    })
  }

  it('matches as it would anywhere, with groups, also where other words stand for it', () => {
    const texts = ['ERROR: a=1 b=22', 'error:x', '', `Error: ${'y '.repeat(2000)}a=3`]
    for (const [source, flags] of [
      ['(?<level>error):.*?(?<key>[a-z])=(?<value>\\d{1,40})', 'i'],
      ['^(?<level>\\w+):', ''],
      ['(?i:error):.*a=', ''],
      ['(?<=error:).+', 'i'],
    ]) {
      for (const text of texts) {
        const wanted = new RegExp(source, flags).exec(text)
        const found = compiled(source, flags).exec(text)
        assert.deepEqual(
          found && [...found, found.index, { ...found.groups }],
          wanted && [...wanted, wanted.index, { ...wanted.groups }],
        )
      }
    }
  })

  it('finds all matches as any other does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '1'), maxLength: 40 })
    const property = fc.property(
      fc.constantFrom('\\w+ ', 'a*', '\\d', '(?:a|b)+1', 'a.*b|a', '\\b'),
      text,
      (source, text) => {
        assert.equal(
          text.replace(compiled(source, 'g'), '<$&>'),
          text.replace(new RegExp(source, 'g'), '<$&>'),
        )
        assert.deepEqual(
          [...text.matchAll(compiled(source, 'g'))].map(String),
          [...text.matchAll(new RegExp(source, 'g'))].map(String),
        )
      },
    )
    fc.assert(property)
  })

  it('hides the rest of a text that it cannot search to the end', () => {
    for (const size of [MAX_LINEAR_TEXT - 1, MAX_TEXT + 1]) {
      assert.doesNotMatch('a'.repeat(size).replace(compiled('a.*b|a', 'g'), '#'), /a/)
    }
  })

  it('is linear on the fast engine in its usual forms, so that long lines match, too', () => {
    const line = `2026-01-02T03:04:05Z [info] ${'x'.repeat(MAX_TEXT / 2)}`
    const regex = compiled('^(?<time>\\S+) \\[(?<level>[^\\]]*)\\] (?<message>.*)$')
    assert.equal(regex.exec(line)?.groups?.message.length, MAX_TEXT / 2)
  })
})
