import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { JsonRecord } from '../../../wire/json/record.ts'
import type { Condition } from './ast.ts'
import { compileCondition } from './compile.ts'
import { parseCondition } from './parse.ts'

function parsed(text: string): Condition {
  const result = parseCondition(text)
  if ('problem' in result) throw new Error(`${text}: ${result.problem}`)
  return result.condition
}

function problemOf(text: string): string {
  const result = parseCondition(text)
  return 'problem' in result ? result.problem : 'no problem'
}

function meets(condition: string, record: unknown): boolean {
  const opened = new JsonRecord()
  const bytes = Buffer.from(typeof record === 'string' ? record : JSON.stringify(record))
  assert.ok(opened.open(bytes, 0, bytes.length))
  return compileCondition(parsed(condition))(opened)
}

describe('a condition', () => {
  it('is parsed to a tree: or binds weaker than and, and weaker than not', () => {
    const exists = (name: string): Condition => ({ kind: 'exists', field: [name] })
    assert.deepEqual(parsed('exists(a) or exists(b) and not exists(c) or exists(d)'), {
      kind: 'or',
      items: [
        exists('a'),
        { kind: 'and', items: [exists('b'), { kind: 'not', item: exists('c') }] },
        exists('d'),
      ],
    })
  })

  const spellings: [one: string, other: string][] = [
    ['a = 1', 'a == 1'],
    ['a == 1 && b != 2', 'a==1 and b!=2'],
    ['a < 1 || !(b > 2)', 'a<1 or not (b>2)'],
    ["a == 'x'", 'a == "x"'],
    ['"a" == 1', 'a == 1'],
    ['a."b" == 1', 'a.b == 1'],
    ['(((a == 1)))', 'a == 1'],
    ['  a\n==\t1 ', 'a == 1'],
  ]
  for (const [one, other] of spellings) {
    it(`means the same as ${one} and as ${other}`, () => assert.deepEqual(parsed(one), parsed(other)))
  }

  const fields: [text: string, field: string[]][] = [
    ['exists(a)', ['a']],
    ['exists(a.b.c)', ['a', 'b', 'c']],
    ['exists(a."b.c")', ['a', 'b.c']],
    ["exists('a b'.c)", ['a b', 'c']],
    ['exists("q\\"\\\\x")', ['q"\\x']],
    [
      'exists(kubernetes.labels."app.kubernetes.io/name")',
      ['kubernetes', 'labels', 'app.kubernetes.io/name'],
    ],
    ['exists(@timestamp)', ['@timestamp']],
    ['exists("not")', ['not']],
    ['exists(exists)', ['exists']],
    ['exists(404.x)', ['404', 'x']],
    ['exists(http-status_2)', ['http-status_2']],
  ]
  for (const [text, field] of fields) {
    it(`reads the field of ${text}`, () => assert.deepEqual(parsed(text), { kind: 'exists', field }))
  }

  const mistakes: [text: string, problem: string][] = [
    ['', 'column 1: expected a condition, got the end'],
    ['a', 'column 2: expected one of == != < <= > >= matches contains in, got the end'],
    ['a ==', 'column 5: expected a value: text in quotes, a number, true, false or null, got the end'],
    ['a == b', 'column 6: expected a value: text in quotes, a number, true, false or null, got "b"'],
    ['a == 1 b', 'column 8: expected "and", "or" or the end, got "b"'],
    ['(a == 1', 'column 8: expected ")", got the end'],
    ['a == 1)', 'column 7: expected "and", "or" or the end, got ")"'],
    ['a == "x', 'column 8: expected a closing ", got the end'],
    ['a matches "("', 'column 11: expected a regular expression, got "(" (Unterminated group)'],
    ['a matches 5', 'column 11: expected a regular expression in quotes, got "5"'],
    ['a in "x"', 'column 6: expected "[", got "x"'],
    ['a in [1 2]', 'column 9: expected "," or "]", got "2"'],
    ['a in []', 'column 7: expected a value: text in quotes, a number, true, false or null, got "]"'],
    ['and', 'column 1: expected a field, got "and"'],
    ['not', 'column 4: expected a field, got the end'],
    ['a..b == 1', 'column 3: expected the name of a field, got ".b"'],
    ['a & b', 'column 3: expected a field, a value or an operator, got "&"'],
    [`${'('.repeat(100)}a`, 'column 66: expected at most 64 levels of nesting, got "("'],
  ]
  for (const [text, problem] of mistakes) {
    it(`says of ${text.slice(0, 20)}: ${problem}`, () => assert.equal(problemOf(text), problem))
  }

  it('never throws, whatever the text', () => {
    const word = fc.constantFrom(
      'a',
      'and',
      'or',
      'not',
      '(',
      ')',
      '==',
      '1',
      '"x"',
      'in',
      '[',
      ']',
      ',',
      'exists',
      '.',
      '"',
      "'",
      '\\',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map(words => words.join(' ')),
        ),
        text => void parseCondition(text),
      ),
    )
  })

  const verdicts: [condition: string, record: unknown, verdict: boolean][] = [
    ['a == 1', { a: 1 }, true],
    ['a == 1', '{"a":1.0}', true],
    ['a == 1', '{"a":10e-1}', true],
    ['a == 1', { a: '1' }, true],
    ['a == 1', { a: '1x' }, false],
    ['a == 0', { a: '' }, false],
    ['a == 16', { a: '0x10' }, false],
    ['a == 0', { a: null }, false],
    ['a == 1', { a: true }, false],
    ['a == "1"', { a: 1 }, true],
    ['a == "x"', { a: 'x' }, true],
    ['a == "x"', '{"a":"\\u0078"}', true],
    ['a == "é"', { a: 'é' }, true],
    ['a == "\\n"', '{"a":"\\n"}', false],
    ['a == "\\n"', '{"a":"\\\\n"}', true],
    ['a == ""', { a: '' }, true],
    ['a == true', { a: true }, true],
    ['a == true', { a: 'true' }, false],
    ['a == null', { a: null }, true],
    ['a == null', {}, false],
    ['a != 1', { a: 2 }, true],
    ['a != 1', { a: 'x' }, true],
    ['a != 1', { a: {} }, true],
    ['a != 1', {}, false],
    ['not a == 1', {}, true],
    ['a > 1', { a: 1.5 }, true],
    ['a > 1', { a: '2' }, true],
    ['a > 1', { a: 'x' }, false],
    ['a >= -1.5e2', { a: -150 }, true],
    ['a < "b"', { a: 'a' }, true],
    ['a < "b"', { a: 1 }, false],
    ['a <= 1', { a: null }, false],
    ['a < true', { a: false }, false],
    ['a matches "^/api/"', { a: '/api/x' }, true],
    ['a matches "^/api/"', { a: 'x/api/' }, false],
    ['a matches "^5\\d\\d$"', { a: 503 }, true],
    ['a matches "."', { a: null }, false],
    ['a matches "."', { a: ['x'] }, false],
    ['a matches "é"', '{"a":"\\u00e9"}', true],
    ['a contains "b"', { a: 'abc' }, true],
    ['a contains "\\""', { a: 'x"y' }, true],
    ['a contains "\\\\n"', { a: 'x\ny' }, false],
    ['a contains "\\\\n"', { a: 'x\\ny' }, true],
    ['a contains "b"', { a: { b: 'b' } }, false],
    ['a in ["x", 1, null]', { a: 1 }, true],
    ['a in ["x", 1, null]', { a: null }, true],
    ['a in ["x", 1, null]', { a: 'y' }, false],
    ['exists(a.b)', { a: { b: null } }, true],
    ['exists(a.b)', { a: 1 }, false],
    ['exists(a.b)', { 'a.b': 1 }, false],
    ['exists("a.b")', { 'a.b': 1 }, true],
    ['a == 2', '{"a":1,"a":2}', true],
    ['a.b == 2', '{"a":{"b":1,"b":2}}', true],
    ['a == 1 and b == 2', { a: 1, b: 3 }, false],
    ['a == 1 or b == 2', { a: 1, b: 3 }, true],
  ]
  for (const [condition, record, verdict] of verdicts) {
    const text = typeof record === 'string' ? record : JSON.stringify(record)
    it(`${condition} is ${verdict} of ${text}`, () => assert.equal(meets(condition, record), verdict))
  }
})

describe('a condition on the names of fields', () => {
  const cases: [condition: string, record: object, met: boolean][] = [
    ['any("^k8s_")', { a: 1, k8s_pod: 2 }, true],
    ['any("^k8s_")', { a: { k8s_pod: 2 } }, false],
    ['not any("^k8s_")', {}, true],
    ['all("^e") matches "^x"', { e1: 'x1', e2: 'x2', a: 'y' }, true],
    ['all("^e") matches "^x"', { e1: 'x1', e2: 'y' }, false],
    ['all("^e") matches "^x"', { a: 1 }, true],
    ['any("^e") matches "^x"', { e1: 'x1', e2: 'y' }, true],
    ['any("^e") matches "^x"', { e1: 'y', a: 'x' }, false],
    ['not any("^e") matches "^x" and any("a")', { a: 'x' }, true],
    ['all("^e") matches "5"', { e: 15 }, true],
    ['all("^e") matches "x"', { e: { x: 'x' } }, false],
    ['all("^e") matches "x" and any("a")', { a: 1 }, true],
    ['any == 1', { any: 1 }, true],
    ['exists(all)', { all: 1 }, true],
  ]
  for (const [condition, record, met] of cases)
    it(`${condition} is ${met ? 'met' : 'not met'} by ${JSON.stringify(record)}`, () =>
      assert.equal(meets(condition, record), met))

  it('says what is missing', () => {
    assert.equal(problemOf('all("a")'), 'column 9: expected matches, got the end')
    assert.match(problemOf('any(a)'), /^column 5: expected a regular expression in quotes/)
    assert.match(problemOf('any("(")'), /^column 5: /)
  })
})
