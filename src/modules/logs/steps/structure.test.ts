import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { recordsOf } from '../lines-fake.ts'
import { processorOf } from '../processor-fake.ts'

const CASES: readonly [title: string, step: object, line: string, record: string][] = [
  [
    'removes by a pattern',
    { remove: ['tmp_*', 'a.b'] },
    '{"tmp_x":1,"a":{"b":1},"tmp":2}',
    '{"a":{},"tmp":2}',
  ],
  ['removes by an expression', { remove: ['/^x\\d$/'] }, '{"x1":1,"xy":2}', '{"xy":2}'],
  ['selects', { select: ['a', 'b_*'] }, '{"a":1,"b_c":2,"d":3,"a":4}', '{"a":1,"b_c":2,"a":4}'],
  ['selects nothing', { select: ['z'] }, '{"a":1}', '{}'],
  ['renames', { rename: { fields: { a: 'b' } } }, '{"a":1,"c":2}', '{"b":1,"c":2}'],
  ['renames inside', { rename: { fields: { 'a.b': 'c' } } }, '{"a":{"b":1}}', '{"a":{"c":1}}'],
  ['renames over another', { rename: { fields: { a: 'b' } } }, '{"a":1,"b":2}', '{"b":1}'],
  [
    'renames not over another when told so',
    { rename: { fields: { a: 'b' }, overwrite: false } },
    '{"a":1,"b":2}',
    '{"a":1,"b":2}',
  ],
  ['moves', { move: { fields: { a: 'x.y' } } }, '{"a":[1, 2],"b":2}', '{"b":2,"x":{"y":[1, 2]}}'],
  ['moves into its own name', { move: { fields: { a: 'a.b' } } }, '{"a":1}', '{"a":{"b":1}}'],
  ['moves out of an object', { move: { fields: { 'a.b': 'b' } } }, '{"a":{"b":1}}', '{"a":{},"b":1}'],
  [
    'moves not where something is in the way',
    { move: { fields: { a: 'b.c' } } },
    '{"a":1,"b":2}',
    '{"b":2,"a":1}',
  ],
  ['moves not what is missing', { move: { fields: { z: 'b' } } }, '{"a":1}', '{"a":1}'],
  ['moves to itself', { move: { fields: { a: 'a' } } }, '{"a":1,"b":2}', '{"a":1,"b":2}'],
  ['copies', { copy: { fields: { a: 'b' } } }, '{"a":{"x":1.50}}', '{"a":{"x":1.50},"b":{"x":1.50}}'],
  [
    'copies not over another when told so',
    { copy: { fields: { a: 'b' }, overwrite: false } },
    '{"a":1,"b":2}',
    '{"a":1,"b":2}',
  ],
  [
    'nests',
    { nest: { fields: ['k_*'], under: 'k', removePrefix: 'k_' } },
    '{"k_a":1,"b":2,"k_c":3}',
    '{"b":2,"k":{"a":1,"c":3}}',
  ],
  [
    'nests deep',
    { nest: { fields: ['a'], under: 'x.y', addPrefix: '_' } },
    '{"a":1}',
    '{"x":{"y":{"_a":1}}}',
  ],
  [
    'nests all but the object itself',
    { nest: { fields: ['*'], under: 'o' } },
    '{"a":1,"o":{"b":2}}',
    '{"o":{"b":2,"a":1}}',
  ],
  [
    'nests not into what is no object',
    { nest: { fields: ['a'], under: 'o' } },
    '{"a":1,"o":2}',
    '{"a":1,"o":2}',
  ],
  [
    'lifts',
    { lift: { field: 'k', addPrefix: 'k_' } },
    '{"k":{"a":1,"b":{"c":2}},"z":0}',
    '{"z":0,"k_a":1,"k_b":{"c":2}}',
  ],
  ['lifts over others', { lift: { field: 'k' } }, '{"a":0,"k":{"a":1}}', '{"a":1}'],
  ['lifts not what is no object', { lift: { field: 'k' } }, '{"k":[1]}', '{"k":[1]}'],
  ['lifts an object of its own name', { lift: { field: 'k' } }, '{"k":{"k":1}}', '{"k":1}'],
  [
    'converts',
    { convert: { fields: { a: 'integer', b: 'float', c: 'boolean', d: 'string', e: 'hex', f: 'json' } } },
    '{"a":" 0042.9","b":"1e3","c":"Yes","d":1.50,"e":"0xFF","f":"{\\"x\\": [1]}"}',
    '{"a":42,"b":1000,"c":true,"d":"1.50","e":255,"f":{"x": [1]}}',
  ],
  [
    'converts numbers of any length exactly',
    { convert: { fields: { a: 'integer', b: 'hex' } } },
    '{"a":"123456789012345678901","b":"ffffffffffffffff"}',
    '{"a":123456789012345678901,"b":18446744073709551615}',
  ],
  [
    'converts not what cannot be',
    { convert: { fields: { a: 'integer', b: 'float', c: 'boolean', e: 'hex', f: 'json' } } },
    '{"a":"x","b":"1,5","c":"maybe","e":"xyz","f":"{","g":1}',
    '{"a":"x","b":"1,5","c":"maybe","e":"xyz","f":"{","g":1}',
  ],
  [
    'is not led astray by text that closes the record',
    { convert: { fields: { f: 'json' } } },
    '{"f":"1},{\\"x\\":2"}',
    '{"f":"1},{\\"x\\":2"}',
  ],
  [
    'orders',
    { order: { first: ['t', 'l*'], last: ['z'] } },
    '{"z":0,"a":1,"lv":2,"t":3,"l":4,"b":5}',
    '{"t":3,"lv":2,"l":4,"a":1,"b":5,"z":0}',
  ],
  ['leaves the order that is right', { order: { first: ['t'] } }, '{"t" : 3, "a":1}', '{"t" : 3, "a":1}'],
  [
    'keeps the sign',
    { convert: { fields: { a: 'integer', b: 'integer' } } },
    '{"a":"-7","b":"-0"}',
    '{"a":-7,"b":0}',
  ],
]

describe('a step', () => {
  for (const [title, step, line, record] of CASES)
    it(title, () => assert.deepEqual(recordsOf(processorOf({}, [step]).process(line)), [record]))

  it('counts what it cannot convert', () => {
    const { process, metric } = processorOf({}, [{ convert: { fields: { a: 'integer' } } }])
    process('{"a":"x"}\n{"a":1}\n{"a":{}}\n')
    assert.equal(metric('unconverted_values_total'), 2)
  })
})

const name = fc.constantFrom('a', 'b', 'c', 'a_b', 'a"b', 'ü', 'o')
const place = fc.constantFrom('a', 'b', 'o', 'o.a', 'a.b.c', '"a\\"b"', 'ü')
const pattern = fc.constantFrom('*', 'a*', '*b', 'o', '/^[ab]/')
const step = fc.oneof(
  fc.record({ remove: fc.array(fc.oneof(place, pattern), { minLength: 1, maxLength: 3 }) }),
  fc.record({ select: fc.array(pattern, { minLength: 1, maxLength: 3 }) }),
  fc.record({
    rename: fc.record({ fields: fc.dictionary(place, name, { maxKeys: 3 }), overwrite: fc.boolean() }),
  }),
  fc.record({
    move: fc.record({ fields: fc.dictionary(place, place, { maxKeys: 3 }), overwrite: fc.boolean() }),
  }),
  fc.record({
    copy: fc.record({ fields: fc.dictionary(place, place, { maxKeys: 3 }), overwrite: fc.boolean() }),
  }),
  fc.record({
    nest: fc.record({ fields: fc.array(pattern, { minLength: 1 }), under: place, addPrefix: name }),
  }),
  fc.record({ lift: fc.record({ field: place, removePrefix: name }) }),
  fc.record({
    convert: fc.record({
      fields: fc.dictionary(place, fc.constantFrom('integer', 'float', 'boolean', 'string', 'hex', 'json'), {
        maxKeys: 3,
      }),
    }),
  }),
  fc.record({
    add: fc.record({ fields: fc.dictionary(place, fc.integer(), { maxKeys: 2 }), overwrite: fc.boolean() }),
  }),
)
const record = fc.dictionary(
  name,
  fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.dictionary(name, fc.jsonValue())),
)

describe('any steps, one after the other,', () => {
  it('leave one valid object, and what none of them names byte for byte', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), record, (steps, value) => {
        const untouched = '"zz" : [1.50 , "\\u0041"]'
        const text = JSON.stringify(value).replace(
          /^\{/,
          `{${untouched}${Object.keys(value).length > 0 ? ',' : ''}`,
        )
        const [result] = recordsOf(processorOf({}, steps).process(Buffer.from(text).toString('latin1')))
        JSON.parse(Buffer.from(result, 'latin1').toString())
        const mayMove = steps.some(step => /select|nest|remove/.test(Object.keys(step)[0]))
        if (!mayMove) assert.ok(result.includes(untouched), result)
      }),
    )
  })
})
