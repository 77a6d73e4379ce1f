import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { contains } from './code-set.ts'
import { parseRegex } from './parse.ts'
import { printLinear } from './print-linear.ts'
import type { Regex } from './syntax.ts'
import { timeDegree } from './time-degree.ts'

function degreeOf(source: string, flags = ''): number {
  const regex = parseRegex(source, flags)
  assert.ok(regex, source)
  return timeDegree(regex)
}

const degrees: [source: string, degree: number][] = [
  // Linear whatever the line is.
  ['timeout|refused', 1],
  ['\\b\\d{4}-?\\d{4}\\b', 1],
  ['^(?<client>\\S+) (?<method>\\S+) (?<path>\\S+) (?<status>\\d+)$', 1],
  ['^(?<time>[^ ]+) \\[(?<level>[^\\]]*)\\] (?<message>.*)$', 1],
  ['^(?:\\S+ )*foo', 1],
  ['^(?:a|b)*c', 1],
  ['^(?:[^,]*,){3}x', 1],
  ['^(?!.*health).*$', 1],
  ['^.*foo$', 1],
  ['error.*', 1],
  ['(?:a+,?)+', 1],
  ['\\b[A-Z]{10,255}\\b', 1],
  ['[a-z.]{1,64}@[a-z-]{1,63}(?:\\.[a-z-]{1,63}){1,8}', 1],
  // As the square, the cube and so on.
  ['\\s+$', 2],
  ['\\w+\\s+$', 2],
  ['error.*timeout', 2],
  ['^.*a.*b$', 2],
  ['.*.*=.*', 3],
  ['x*x*y', 3],
  ['(.*a){20}', 21],
  // Exponential, or not known to be less.
  ['(a|a)*b', Number.POSITIVE_INFINITY],
  ['^(a*)*$', Number.POSITIVE_INFINITY],
  ['^(a+)+$', Number.POSITIVE_INFINITY],
  ['^(?:a+,?)*$', Number.POSITIVE_INFINITY],
  ['^(?:a|aa)+$', Number.POSITIVE_INFINITY],
  ['^(?:a{0,16}){16}$', Number.POSITIVE_INFINITY],
  ['^(\\w+\\s?)*$', Number.POSITIVE_INFINITY],
  ['(x)\\1', Number.POSITIVE_INFINITY],
  ['^(?:(?=.*b)a)*$', Number.POSITIVE_INFINITY],
]

const TOO_MANY = new Error('too many steps')

/** How many steps a backtracking matcher makes that tries everything it may; it stops at `most`. */
function stepsOf(regex: Regex, text: string, most: number): number {
  let steps = 0
  type Next = (at: number) => boolean
  const isWord = (at: number) => at >= 0 && at < text.length && /\w/.test(text[at])
  function match(regex: Regex, at: number, next: Next): boolean {
    if (++steps > most) throw TOO_MANY
    switch (regex.kind) {
      case 'empty':
        return next(at)
      case 'set':
        return at < text.length && contains(regex.set, text.charCodeAt(at)) && next(at + 1)
      case 'sequence': {
        const { items } = regex
        const from = (index: number): Next =>
          index === items.length ? next : place => match(items[index], place, from(index + 1))
        return from(0)(at)
      }
      case 'choice':
        return regex.items.some(item => match(item, at, next))
      case 'capture':
        return match(regex.item, at, next)
      case 'repeat': {
        const { item, min, max, lazy } = regex
        const round = (count: number, place: number): boolean => {
          const more = () =>
            count < max &&
            match(item, place, behind => (behind > place || count < min) && round(count + 1, behind))
          if (count < min) return more()
          return lazy ? next(place) || more() : more() || next(place)
        }
        return round(0, at)
      }
      case 'place': {
        const holds = {
          start: at === 0,
          end: at === text.length,
          lineStart: at === 0 || text[at - 1] === '\n',
          lineEnd: at === text.length || text[at] === '\n',
          wordBorder: isWord(at - 1) !== isWord(at),
          noWordBorder: isWord(at - 1) === isWord(at),
        }[regex.place]
        return holds && next(at)
      }
      case 'look':
        return match(regex.item, at, () => true) !== regex.negative && next(at)
      case 'reference':
        throw new Error('not counted')
    }
  }
  const anchored = /^\^/.test(sourceOf(regex))
  try {
    for (let at = 0; at <= (anchored ? 0 : text.length); at++) if (match(regex, at, () => true)) break
  } catch (error) {
    if (error !== TOO_MANY) throw error
  }
  return steps
}

function sourceOf(regex: Regex): string {
  return printLinear(regex)?.source ?? ''
}

const pattern = fc.letrec<{ pattern: string; term: string; atom: string }>(tie => ({
  pattern: fc.array(tie('term'), { minLength: 1, maxLength: 4 }).map(terms => terms.join('')),
  term: fc
    .tuple(tie('atom'), fc.constantFrom('', '', '*', '+', '?', '*?', '{2}', '{1,3}', '{2,}'))
    .map(([atom, sign]) => (/^[\^$]|^\\b|^\(\?/.test(atom) && !atom.startsWith('(?:') ? atom : atom + sign)),
  atom: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'b', '[ab]', '.', '[^a]', 'c', '\\b'),
    tie('pattern').map(text => `(?:${text})`),
    fc.tuple(tie('pattern'), tie('pattern')).map(([one, other]) => `(?:${one}|${other})`),
    tie('pattern').map(text => `(?=${text})`),
    tie('pattern').map(text => `(?!${text})`),
  ),
}))
const source = fc
  .tuple(fc.constantFrom('', '^'), pattern.pattern, fc.constantFrom('', '$', 'c'))
  .map(parts => parts.join(''))

describe('the degree of the time that a pattern may take', () => {
  for (const [source, degree] of degrees) {
    it(`of ${source} is ${degree}`, () => assert.equal(degreeOf(source), degree))
  }

  it('is never lower than what a backtracking matcher needs for lines made to hold it', () => {
    let bounded = 0
    const unit = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 })
    const property = fc.property(source, unit, fc.constantFrom('', '!'), (source, unit, end) => {
      const regex = parseRegex(source, '')
      assert.ok(regex, source)
      const degree = timeDegree(regex)
      if (degree > 2) return
      bounded++
      const [short, long] = [16, 64].map(size =>
        stepsOf(regex, unit.repeat(size / unit.length) + end, 50_000),
      )
      // Four times the text: at most 4^degree the steps, and something for the ends.
      assert.ok(
        long <= 4 ** degree * (short + 200) * 1.5,
        `${source} of degree ${degree}: ${short} and ${long} steps`,
      )
    })
    fc.assert(property, { numRuns: 800 })
    assert.ok(bounded > 40, `${bounded} patterns had a bound`)
  })
})

describe('a pattern in words of the linear engine', () => {
  const patterns: [source: string, flags: string, texts: string[]][] = [
    ['^a{3,20}$', '', ['aa', 'aaa', 'a'.repeat(20), 'a'.repeat(21)]],
    ['^(?:ab?){2,}$', '', ['a', 'aba', 'abab', 'b']],
    ['Straße|é', 'i', ['STRAßE', 'É', 'strasse', 'e']],
    ['[^k]|ſ', 'i', ['k', 'K', '\u212a', 's']],
    ['(?i:a)b(?-i:c)', '', ['Ab', 'Abc', 'aBc']],
    ['(?m:^)b', '', ['a\nb', 'ab', 'b']],
    ['^a.c$', 'ms', ['x\na\nc\ny', 'abc']],
    ['[\\w-\\d]+[\\b]', '', ['a-\b', 'a']],
    ['\\cA\\c\\x41\\u0042\\101\\0', '', ['\x01\\cABA\0']],
    ['a{,2}{', '', ['a{,2}{', 'aa{']],
    ['(?<a>x)|(?<a>y)', '', ['x', 'y']],
    ['[^]|[]', '', ['\n', '']],
    ['(?<!a)b\\B', '', ['ab', 'cbb']],
  ]
  for (const [source, flags, texts] of patterns) {
    it(`${source} with the flags "${flags}" matches as before`, () => {
      const regex = parseRegex(source, flags)
      const linear = regex && printLinear(regex)
      assert.ok(linear, source)
      for (const text of texts) {
        const found = new RegExp(linear.source, linear.flags).exec(text)
        const wanted = new RegExp(source, flags).exec(text)
        assert.deepEqual(
          found && [...found, found.index, { ...found.groups }],
          wanted && [...wanted, wanted.index, { ...wanted.groups }],
          text,
        )
      }
    })
  }

  it('matches as before, whatever the pattern', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', '\n'), maxLength: 8 })
    const property = fc.property(source, fc.constantFrom('', 'i', 's', 'm'), text, (source, flags, text) => {
      const regex = parseRegex(source, flags)
      assert.ok(regex, source)
      if (timeDegree(regex) > 3) return
      const linear = printLinear(regex)
      assert.ok(linear, source)
      assert.deepEqual(
        new RegExp(linear.source, linear.flags).exec(text)?.[0],
        new RegExp(source, flags).exec(text)?.[0],
      )
    })
    fc.assert(property, { numRuns: 500 })
  })
})
