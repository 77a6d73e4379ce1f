import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { recordsOf } from '../lines-fake.ts'
import { processorOf } from '../processor-fake.ts'
import { checkSteps, stepsSchema } from './config.ts'

const hash = (text: string) => createHash('sha256').update(text).digest('hex')

const cases: [title: string, steps: object[], lines: string, records: string[]][] = [
  [
    'adds fields at the end',
    [{ add: { fields: { a: 'x', b: 1, c: null, d: true } } }],
    '{"z":0}',
    ['{"z":0,"a":"x","b":1,"c":null,"d":true}'],
  ],
  ['adds to an empty object', [{ add: { fields: { a: 1 } } }], '{ }', ['{"a":1}']],
  [
    'keeps what the record has',
    [{ add: { fields: { a: 1, 'b.c': 2 } } }],
    '{"a":0,"b":{"c":0}}',
    ['{"a":0,"b":{"c":0}}'],
  ],
  [
    'overwrites when told to',
    [{ add: { fields: { a: 1, 'b.c': 2 }, overwrite: true } }],
    '{"a":0,"b":{"c":0}}',
    ['{"a":1,"b":{"c":2}}'],
  ],
  ['makes objects on the way', [{ add: { fields: { 'a.b': 1, 'a.c': 2 } } }], '{}', ['{"a":{"b":1,"c":2}}']],
  ['goes round what is no object', [{ add: { fields: { 'a.b': 1 } } }], '{"a":0}', ['{"a":0}']],
  ['adds names in quotes', [{ add: { fields: { '"a.b"': 1 } } }], '{}', ['{"a.b":1}']],
  [
    'removes fields',
    [{ remove: ['a', 'b.c', 'nope', 'b.nope.x'] }],
    '{"a":1,"b":{"c":1,"d":2},"e":3}',
    ['{"b":{"d":2},"e":3}'],
  ],
  ['removes what it added', [{ add: { fields: { a: 1 } } }, { remove: ['a'] }], '{"z":0}', ['{"z":0}']],
  ['keeps by a condition', [{ keep: 'a > 1' }], '{"a":1}\n{"a":2}\n{}', ['{"a":2}']],
  ['drops by a condition', [{ drop: 'a > 1' }], '{"a":1}\n{"a":2}\n{}', ['{"a":1}', '{}']],
  [
    'judges what the steps before made',
    [{ add: { fields: { 'b.c': 1 } } }, { keep: 'b.c == 1' }],
    '{"b":{"c":2}}\n{}',
    ['{"b":{"c":1}}'],
  ],
  [
    'masks values whole',
    [{ redact: { fields: ['a', 'b.c', 'd', 'nope'] } }],
    '{"a":"x","b":{"c":1},"d":{"e":2}}',
    ['{"a":"[redacted]","b":{"c":"[redacted]"},"d":"[redacted]"}'],
  ],
  [
    'masks with another text',
    [{ redact: { fields: ['a'], mask: '"$&"' } }],
    '{"a":"x"}',
    ['{"a":"\\"$&\\""}'],
  ],
  [
    'hashes values',
    [{ redact: { fields: ['a', 'b'], method: 'sha256' } }],
    '{"a":"\\u00e9","b":12.0}',
    [`{"a":"${hash('é')}","b":"${hash('12.0')}"}`],
  ],
  [
    'hashes with a key',
    [{ redact: { fields: ['a'], method: 'sha256', key: 'k' } }],
    '{"a":"x"}',
    [`{"a":"${createHmac('sha256', 'k').update('x').digest('hex')}"}`],
  ],
  [
    'masks matches in fields, at any depth',
    [{ redact: { fields: ['a'], pattern: '\\d+', mask: '#' } }],
    '{"a":["x1 22",{"b3":"4"},5],"c":"6"}',
    ['{"a":["x# #",{"b3":"#"},"#"],"c":"6"}'],
  ],
  [
    'masks matches everywhere but in names',
    [{ redact: { pattern: '\\d+', mask: '#' } }],
    '{"a1":"2","b":{"c":[-3]},"d":true}',
    ['{"a1":"#","b":{"c":["-#"]},"d":true}'],
  ],
  ['leaves records without matches', [{ redact: { pattern: '\\d+' } }], '{"a" : "x"}', ['{"a" : "x"}']],
  ['sees through escapes', [{ redact: { pattern: 'é"' } }], '{"a":"\\u00e9\\"!"}', ['{"a":"[redacted]!"}']],
  [
    'keeps bytes that are not UTF-8',
    [{ redact: { pattern: 'x', mask: '#' } }],
    '{"a":"\xffx\xc3"}',
    ['{"a":"\xff#\xc3"}'],
  ],
  [
    'hashes matches',
    [{ redact: { pattern: '\\w+@\\w+', method: 'sha256' } }],
    '{"a":"to a@b"}',
    [`{"a":"to ${hash('a@b')}"}`],
  ],
  [
    'redacts everywhere what was edited, and edits on',
    [
      { add: { fields: { s: 'x1' } } },
      { redact: { pattern: '\\d', mask: '#' } },
      { add: { fields: { t: 2 } } },
      { remove: ['a'] },
    ],
    '{"a":1,"b":"3"}',
    ['{"b":"#","s":"x#","t":2}'],
  ],
]

describe('steps', () => {
  for (const [title, steps, lines, records] of cases) {
    it(title, () => assert.deepEqual(recordsOf(processorOf({}, steps).process(lines)), records))
  }

  it('work on records of every format', () => {
    const { process } = processorOf({ format: 'raw' }, [
      { drop: 'message contains "b"' },
      { add: { fields: { x: 1 } } },
    ])
    assert.deepEqual(recordsOf(process('a\nb\nc')), ['{"message":"a","x":1}', '{"message":"c","x":1}'])
  })

  it('count what they drop and redact, by step', () => {
    const steps = [
      { keep: 'exists(a)' },
      { drop: 'a == 2' },
      { redact: { fields: ['a'] } },
      { redact: { pattern: 'x' } },
    ]
    const { process, metric } = processorOf({}, steps)
    process('{"a":1,"b":["x","y","x"]}\n{"a":2}\n{}\n{}')
    assert.equal(metric('dropped_records_total', { reason: 'steps[0].keep' }), 2)
    assert.equal(metric('dropped_records_total', { reason: 'steps[1].drop' }), 1)
    assert.equal(metric('redacted_values_total'), 3)
  })

  const wrong: [step: object, path: string, message: RegExp][] = [
    [{ keep: 'a ==' }, 'steps.0.keep', /the condition does not parse, column 5: expected a value/],
    [{ drop: 'a matches "("' }, 'steps.0.drop', /column 11: expected a regular expression/],
    [{ remove: ['a', 'b.'] }, 'steps.0.remove.1', /"b\." is not a field, column 3/],
    [{ add: { fields: { 'a b': 1 } } }, 'steps.0.add.fields.a b', /"a b" is not a field, column 2/],
    [{ redact: {} }, 'steps.0.redact', /expected fields, names, a pattern or detectors/],
    [{ redact: { pattern: '[' } }, 'steps.0.redact.pattern', /expected a regular expression, got "\["/],
    [{ redact: { pattern: 'a*' } }, 'steps.0.redact.pattern', /matches empty text/],
    [{ redact: { fields: ['a'], key: 'k' } }, 'steps.0.redact.key', /method mask takes no key/],
  ]
  for (const [step, path, message] of wrong) {
    it(`${JSON.stringify(step)} is a problem at ${path}`, () => {
      const decoded = stepsSchema.decode([step])
      assert.ok(decoded.ok)
      const [problem, ...more] = checkSteps(decoded.value, ['steps'])
      assert.deepEqual([problem.path.join('.'), more], [path, []])
      assert.match(problem.message, message)
      assert.ok(problem.hint)
    })
  }
})
