import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordsOf } from '../../lines-fake.ts'
import { processorOf } from '../../processor-fake.ts'
import { checkSteps, stepsSchema } from '../config.ts'

describe('filling fields', () => {
  const cases: [title: string, fill: object, line: string, record: string][] = [
    [
      'takes other fields',
      { fields: { c: '{a}-{b.x}' } },
      '{"a":1,"b":{"x":"\\""}}',
      '{"a":1,"b":{"x":"\\""},"c":"1-\\""}',
    ],
    [
      'takes tag and path',
      { fields: { 'o.c': '{$tag}:{$path}' } },
      '{}',
      '{"o":{"c":"test:/var/log/test.log"}}',
    ],
    ['leaves out what has nothing', { fields: { c: '{a}' } }, '{"z":0}', '{"z":0}'],
    ['keeps what is there', { fields: { z: 'x' } }, '{"z":0}', '{"z":0}'],
    ['replaces when told to', { fields: { z: 'x' }, overwrite: true }, '{"z":0}', '{"z":"x"}'],
    ['swaps', { fields: { a: '{b}', b: '{a}' }, overwrite: true }, '{"a":"1","b":"2"}', '{"a":"2","b":"1"}'],
  ]
  for (const [title, fill, line, record] of cases)
    it(title, () => assert.deepEqual(recordsOf(processorOf({}, [{ fill }]).process(line)), [record]))

  it('gives each record an identifier of its own', () => {
    const records = recordsOf(processorOf({}, [{ fill: { fields: { id: '{$uuid}' } } }]).process('{}\n{}'))
    const [one, other] = records.map(text => JSON.parse(text).id)
    assert.match(one, /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
    assert.notEqual(one, other)
  })

  for (const [fields, message] of [
    [{ a: '{' }, /not a template/],
    [{ 'a b': 'x' }, /is not a field/],
    [{ a: '{$nope}' }, /nope/],
  ] as const)
    it(`is refused with ${JSON.stringify(fields)}`, () => {
      const decoded = stepsSchema.decode([{ fill: { fields } }])
      assert.ok(decoded.ok)
      const [problem, ...more] = checkSteps(decoded.value, ['steps'])
      assert.match(problem.message, message)
      assert.deepEqual(more, [])
    })
})
