import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { translateOnigmo } from './onigmo.ts'

const translated: [pattern: string, source: string, flags?: string][] = [
  ['a b', 'a b'],
  ['/a\\/b/', 'a\\/b'],
  ['/a.b/mi', 'a[^]b', 'i'],
  ['/a b # c\n | d/x', 'ab|d'],
  ['a.b', 'a[^\\n]b'],
  ['^(?<a>[^ ]*) (x)$', '^(?<a>[^ ]*) (?:x)$', 'm'],
  ["(?'a'x)\\k'a'", '(?<a>x)\\k<a>'],
  ['(x)\\1', '(x)(?:\\1)'],
  ['\\h+\\H', '[0-9a-fA-F]+[^0-9a-fA-F]'],
  ['[\\h.-]', '[0-9a-fA-F\\.\\-]'],
  ['[[:alpha:]_][[:^digit:]]', '[A-Za-z_][\\x00-\\/:-\\uffff]'],
  ['[]a]', '[\\]a]'],
  ['[^]a]', '[^\\]a]'],
  ['[a-c&&[^b]]', '[ac]'],
  ['[a[bc]]', '[a-c]'],
  ['[\\]\\\\\\w-]', '[\\]\\\\\\w\\-]'],
  ['[+-z]', '[\\+-z]'],
  ['\\p{Alpha}\\P{digit}\\p{^upper}', '[A-Za-z][^0-9][^A-Z]'],
  ['\\Aa\\z', '^a$'],
  ['\\Aa\\Z', '^a(?=\\n?$)'],
  ['\\Aa$\\z', '(?<![^])a$(?![^])', 'm'],
  ['a(?i)b|c', 'a(?i:b|c)'],
  ['(?i:a(?-i:b))', '(?i:a(?-i:b))'],
  ['(?m).', '[^]'],
  ['(?mi-x:a.b c)', '(?i:a[^]b c)'],
  ['(?x: a b\\ c [ ] # d\n)', '(?:ab c[ ])'],
  ['(?x:a b) (?# c)d', '(?:ab) d'],
  ['a{,3}b{2}?c{2,}?', 'a{0,3}(?:b{2})?c{2,}?'],
  ['a**b{1,2}+', '(?:a*)*(?:b{1,2})+'],
  ['a{b}]', 'a\\{b\\}\\]'],
  ['\\e\\a\\x{e9}\\u00e9\\x41\\101\\cA\\/\\-\\"', '\\x1b\\x07éé' + 'AA\\x01\\/\\-"'],
  ['é+😀+', 'é+(?:😀)+'],
  ['\\R', '(?:\\r\\n|[\\n-\\r\\x85\\u2028\\u2029])'],
  ['(?<=a)(?<!b)(?=c)(?!d)', '(?<=a)(?<!b)(?=c)(?!d)'],
]

const refused: [pattern: string, problem: RegExp][] = [
  ['(?>a)', /an atomic group, column 1/],
  ['/ab*+/', /a possessive repetition, column 4/],
  ['a(?(1)b)', /a condition, column 2/],
  ['(?~a)', /an absence operator/],
  ['\\g<a>', /a call of a group/],
  ['\\k<-1>', /a reference that is not to a name/],
  ['(?<a>x)\\1', /a reference by number beside named groups, column 8/],
  ['\\Ka', /\\K, column 1/],
  ['\\p{Han}', /a property of Unicode/],
  ['[😀]', /a character beyond U\+FFFF in a class/],
  ['[[:foo:]]', /the unknown POSIX bracket \[:foo:\]/],
  ['[a', /a class without its closing bracket/],
  ['(a', /a "\(" without its "\)", column 1/],
  ['a)', /a "\)" without its "\(", column 2/],
  ['*a', /nothing that "\*" could repeat/],
  ['[z-a]', /a range whose end is before its beginning/],
  ['a\\', /a backslash at the end/],
  ['(?<a>x)(?<a>y)', /Duplicate capture group name/],
  ['\\M-a', /\\M-/],
]

describe('a pattern of Onigmo', () => {
  for (const [pattern, source, flags = ''] of translated) {
    it(`${JSON.stringify(pattern)} is ${source} in JavaScript`, () =>
      assert.deepEqual(translateOnigmo(pattern), { source, flags }))
  }

  for (const [pattern, problem] of refused) {
    it(`${JSON.stringify(pattern)} is refused`, () => {
      const translation = translateOnigmo(pattern)
      assert.ok('problem' in translation, JSON.stringify(translation))
      assert.match(translation.problem, problem)
    })
  }

  it('matches as it did: an access line, and the second line of several', () => {
    const access = translateOnigmo(
      '/^(?<remote>[^ ]*) - (?<user>[^ ]*) \\[(?<time>[^\\]]*)\\] "(?<method>\\S+)(?: +(?<path>[^\\"]*?)(?: +\\S*)?)?" (?<code>\\d*)$/',
    )
    assert.ok('source' in access)
    const found = new RegExp(access.source, access.flags).exec(
      'x y\n10.0.0.1 - joe [now] "GET /a b HTTP/1.1" 200\ny',
    )
    assert.deepEqual(
      { ...found?.groups },
      { remote: '10.0.0.1', user: 'joe', time: 'now', method: 'GET', path: '/a b', code: '200' },
    )
  })
})
