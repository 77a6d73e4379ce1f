import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { linesOf, recordsOf } from '../lines-fake.ts'
import { processorOf } from '../processor-fake.ts'

const CSV = { format: 'csv', csv: { columns: ['a', 'b', 'c'] } }
const HEADER = { format: 'csv', csv: { columns: ['a', 'b'], header: true } }

const cases: [options: object, line: string, record: string][] = [
  [{ format: 'ltsv' }, 'a:1\tb:x:y\t\tc:\ta:2', '{"a":"1","b":"x:y","c":""}'],
  [{ format: 'ltsv', types: { a: 'integer' }, skipEmpty: true }, 'a:007\tc:', '{"a":7}'],
  [{ format: 'ltsv' }, '\t', '{}'],
  [CSV, '1,"x ""y"", z",', '{"a":"1","b":"x \\"y\\", z","c":""}'],
  [CSV, '"","""",x', '{"a":"","b":"\\"","c":"x"}'],
  [{ ...CSV, types: { a: 'float' }, skipEmpty: true }, '1.50,,\xff', '{"a":1.50,"c":"\xff"}'],
  [{ ...CSV, csv: { columns: ['a', 'b'], delimiter: 'tab' } }, 'x,y\tz', '{"a":"x,y","b":"z"}'],
  [{ ...CSV, csv: { columns: ['a', 'b'], delimiter: ';' } }, 'x;"y;z"', '{"a":"x","b":"y;z"}'],
  [HEADER, '"a",c', '{"a":"a","b":"c"}'],
]

const misfits: [options: object, line: string, error: string][] = [
  [{ format: 'ltsv' }, 'a:1\tb', 'not LTSV: expected label:value at byte 5'],
  [{ format: 'ltsv' }, ':1', 'not LTSV: expected label:value at byte 1'],
  [CSV, 'a,b', 'not CSV: expected 3 values, got 2'],
  [CSV, 'a,b,c,d', 'not CSV: expected 3 values, got more at byte 7'],
  [CSV, 'a,"b,c', 'not CSV: expected a closing quote'],
  [CSV, 'a,"b"c,d', 'not CSV: expected a delimiter behind the closing quote at byte 6'],
]

describe('values in columns', () => {
  for (const [options, line, record] of cases) {
    it(`${JSON.stringify(options)} makes ${record} of ${JSON.stringify(line)}`, () =>
      assert.deepEqual(recordsOf(processorOf(options).process(line)), [record]))
  }

  for (const [options, line, error] of misfits) {
    it(`${JSON.stringify(options)} keeps ${JSON.stringify(line)}, which does not fit`, () => {
      const [record] = recordsOf(processorOf(options).process(line))
      assert.deepEqual(JSON.parse(record), { message: line, parse_error: error })
    })
  }

  it('a line that holds the names of the columns makes no record', () => {
    const { process, metric } = processorOf(HEADER)
    assert.deepEqual(recordsOf(process('a,b\n1,2\n"a","b"\n3,4')), ['{"a":"1","b":"2"}', '{"a":"3","b":"4"}'])
    assert.equal(metric('parse_failures_total', { format: 'csv' }), 0)
  })

  it('what was written by the rules of RFC 4180 is read back', () => {
    const value = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'é') })
    const { process } = processorOf(CSV)
    const property = fc.property(fc.tuple(value, value, value), values => {
      const line = values.map(text => `"${text.replaceAll('"', '""')}"`).join(',')
      const lines = linesOf(Buffer.from(line).toString('latin1'))
      const one = { ...lines, count: 1, ends: Uint32Array.of(lines.bytes.length) }
      const text = Buffer.from(recordsOf(process(one))[0], 'latin1').toString()
      assert.deepEqual(Object.values(JSON.parse(text) as object), values)
    })
    fc.assert(property)
  })
})

const types: [type: string, text: string, value: string][] = [
  ['integer', '-12', '-12'],
  ['integer', '+0012', '12'],
  ['integer', '00', '0'],
  ['integer', '123456789012345678901', '123456789012345678901'],
  ['integer', '1.5', '"1.5"'],
  ['integer', '-', '"-"'],
  ['float', '1.50', '1.50'],
  ['float', '+.5', '0.5'],
  ['float', '5.', '5'],
  ['float', '1e400', '1e400'],
  ['float', '+1e400', '"+1e400"'],
  ['float', 'NaN', '"NaN"'],
  ['bool', 'True', 'true'],
  ['bool', 'FALSE', 'false'],
  ['bool', 'yes', '"yes"'],
  ['hex', '0xfF', '255'],
  ['hex', 'ffffffffffffffff', '18446744073709551615'],
  ['hex', '0x', '"0x"'],
  ['string', '1', '"1"'],
]

describe('the type of a field', () => {
  for (const [type, text, value] of types) {
    it(`${type} makes ${value} of ${text}`, () => {
      const { process } = processorOf({ format: 'logfmt', types: { a: type } })
      assert.deepEqual(recordsOf(process(`a=${text}`)), [`{"a":${value}}`])
      assert.deepEqual(recordsOf(process(`a="${text}"`)), [`{"a":${value}}`])
    })
  }

  it('is also that of groups of a pattern', () => {
    const { process } = processorOf({
      format: 'regex',
      pattern: '^(?<a>\\S*) (?<b>\\S*)$',
      types: { a: 'integer' },
      skipEmpty: true,
    })
    assert.deepEqual(recordsOf(process('12 ')), ['{"a":12}'])
  })

  it('logfmt refuses bare keys where that is asked for', () => {
    const [record] = recordsOf(processorOf({ format: 'logfmt', bareKeys: false }).process('a=1 b'))
    assert.match(record, /"parse_error":"not logfmt: expected \\"=\\" at byte 6"/)
  })
})
