import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Kind } from './bytes.ts'
import { KEY_ESCAPED, KIND_BITS, ObjectScanner } from './scan.ts'

const scanner = new ObjectScanner()

function accepts(text: string, around = ''): boolean {
  const bytes = Buffer.from(around + text + around)
  return scanner.scan(bytes, Buffer.byteLength(around), bytes.length - Buffer.byteLength(around))
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {}
  return undefined
}

/** The members as the columns tell them, the last of each name. */
function members(): Map<string, unknown> {
  const { bytes, count, keyStarts, keyEnds, valueStarts, valueEnds } = scanner
  const text = (start: number, end: number) =>
    JSON.parse(Buffer.from(bytes.subarray(start, end)).toString()) as unknown
  const found = new Map<string, unknown>()
  for (let i = 0; i < count; i++) {
    found.set(String(text(keyStarts[i] - 1, keyEnds[i] + 1)), text(valueStarts[i], valueEnds[i]))
  }
  return found
}

/**
 * Node 26's own JSON.parse takes a key with an escape for another one that it has met in an object of the same shape,
 * so it judges whether such a text is valid, but not what its members are.
 */
function hasEscapedKey(text: string): boolean {
  return text.matchAll(/"(?:[^"\\]|\\.)*"\s*:/gs).some(([key]) => key.includes('\\'))
}

function checkAgainstParse(text: string): void {
  const wanted = parsed(text)
  assert.equal(accepts(text), wanted !== undefined, text)
  if (wanted && !hasEscapedKey(text)) assert.deepEqual(members(), new Map(Object.entries(wanted)), text)
}

/** JSON text, then a few of its characters replaced, cut or doubled. */
const mutated = fc
  .tuple(
    fc.json({ maxDepth: 3 }).map(text => `{"k":${text},"k2":[${text}]}`),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'{}[]",:\\u0123e+-. \n\ttrfn/\u0001é'), fc.nat(2)), {
      maxLength: 3,
    }),
  )
  .map(([text, changes]) =>
    changes.reduce((at, [position, char, how]) => {
      const i = position % (at.length + 1)
      return at.slice(0, i) + (how === 0 ? '' : char) + at.slice(i + (how === 2 ? 0 : 1))
    }, text),
  )

describe('ObjectScanner', () => {
  it('finds the members that JSON.parse finds', () => {
    const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }))
    const text = fc
      .tuple(object, fc.constantFrom(undefined, 1, '\t'))
      .map(([o, space]) => JSON.stringify(o, undefined, space))
    fc.assert(fc.property(text, checkAgainstParse), { numRuns: 1000 })
  })

  it('accepts what JSON.parse accepts as an object, and nothing else', () => {
    fc.assert(fc.property(mutated, checkAgainstParse), { numRuns: 20_000 })
  })

  const numbers =
    '0 -0 1 -1 10 01 -01 00 1. .5 1.5 1.50 1e5 1E+5 1e-05 1e 1e+ 1.e1 - + +1 -a 1a 0x1 0e0 1e1.5 Infinity NaN'
  const words = 'true tru truee false fals null nul nulll True nil'
  for (const value of `${numbers} ${words}`.split(' ')) {
    it(`judges the value ${value} as JSON.parse does`, () => checkAgainstParse(`{"a":${value}}`))
  }

  const strings = [
    '\\"',
    '\\\\',
    '\\/',
    '\\b\\f\\n\\r\\t',
    '\\u00e9',
    '\\uD800',
    '\\u00g0',
    '\\u12',
    '\\x41',
    '\\',
    '\t',
    '\x7f',
    '\u2028',
    "\\'",
  ]
  for (const text of strings) {
    it(`judges the text ${JSON.stringify(text)} as JSON.parse does, in a value, a key and a nested key`, () => {
      checkAgainstParse(`{"a":"${text}"}`)
      checkAgainstParse(`{"a":"long enough before it ${text} and behind it"}`)
      checkAgainstParse(`{"${text}":1}`)
      checkAgainstParse(`{"a":[{"${text}":1}]}`)
    })
  }

  const shapes = [
    '',
    ' ',
    '{',
    '}',
    '{}',
    ' { } ',
    '{},',
    '{}{}',
    '[]',
    '[{}]',
    '"a"',
    '1',
    'null',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{,}',
    '{"a":1 "b":2}',
    '{a:1}',
    "{'a':1}",
    '{"a":[1,]}',
    '{"a":[,1]}',
    '{"a":[1 2]}',
    '{"a":{]}',
    '{"a":[}}',
    '{"a":[]}',
    '{"a":{}}',
    '{"a":[{}]',
    '\ufeff{}',
    '{"a":1}\u0000',
    '{ \n\r\t"a" \n\r\t: \n\r\t1 \n\r\t, "b":2 \n\r\t}',
    '{\f"a":1}',
    '{"a":1}//',
    '{"a":1,"a":2}',
  ]
  for (const text of shapes) {
    it(`judges ${JSON.stringify(text)} as JSON.parse does`, () => checkAgainstParse(text))
  }

  it('never looks past the end of the span', () => {
    for (const text of [
      '{"a":"x',
      '{"a":"x"',
      '{"a":1',
      '{"a":tru',
      '{"a":"\\u00',
      '{"a":"\\',
      '{"a":[1',
      '{"a"',
      '{"a":',
      '{"a',
      '{',
      '{"a":1.',
      '{"a":1e',
      '{"a":-',
    ]) {
      for (const around of ['}', '"', '0', 'e', '"}', 'e}', ']}', '1}', ':1}', '00"}']) {
        const bytes = Buffer.from(text + around)
        assert.equal(scanner.scan(bytes, 0, text.length), false, `${text} before ${around}`)
      }
    }
  })

  it('tells what it expected, and where', () => {
    const refusals: [text: string, at: number, expected: string][] = [
      ['[1]', 0, 'an object'],
      ['{"a" 1}', 5, '":" after a key'],
      ['{"a":1;', 6, '"," or "}" after a member'],
      ['{"a":"b', 7, 'a closing quote'],
      ['{"a":\'b\'}', 5, 'a value'],
      ['{"a":1} x', 8, 'the end of the line'],
    ]
    for (const [text, at, expected] of refusals) {
      assert.equal(accepts(text), false)
      assert.deepEqual([scanner.errorAt, scanner.error], [at, expected], text)
    }
  })

  it('keeps bytes that are not UTF-8', () => {
    const bytes = Buffer.from('{"\xff":"\xc3\x28\x80"}', 'latin1')
    assert.ok(scanner.scan(bytes, 0, bytes.length))
  })

  it('marks kinds and escaped keys', () => {
    assert.ok(accepts('{"a":"","\\u0062":1,"c":true,"d":false,"e":null,"f":{},"g":[]}'))
    const kinds = [...scanner.kinds.subarray(0, scanner.count)]
    assert.deepEqual(
      kinds.map(kind => kind & KIND_BITS),
      [Kind.string, Kind.number, Kind.true, Kind.false, Kind.null, Kind.object, Kind.array],
    )
    assert.deepEqual(
      kinds.map(kind => kind & KEY_ESCAPED),
      [0, KEY_ESCAPED, 0, 0, 0, 0, 0],
    )
  })

  it('takes more members than its columns begin with', () => {
    const wanted = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]))
    checkAgainstParse(JSON.stringify(wanted))
  })

  it('refuses what is nested deeper than its limit', () => {
    const small = new ObjectScanner(4)
    const nested = (depth: number) => Buffer.from(`{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`)
    assert.ok(small.scan(nested(4), 0, nested(4).length))
    assert.equal(small.scan(nested(5), 0, nested(5).length), false)
    assert.match(small.error, /at most 4 levels/)
  })

  it('survives a line that is nothing but brackets', () => {
    assert.equal(accepts(`{"a":${'['.repeat(1_000_000)}`), false)
  })
})
