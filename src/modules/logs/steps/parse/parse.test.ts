import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordsOf } from '../../lines-fake.ts'
import { processorOf } from '../../processor-fake.ts'

const CASES: readonly [title: string, step: object, line: string, record: string][] = [
  [
    'takes the fields over at the top',
    { format: 'json' },
    '{"message":"{\\"level\\":\\"info\\",\\"n\\": 1.50}","stream":"stdout"}',
    '{"stream":"stdout","level":"info","n":1.50}',
  ],
  [
    'keeps the field when told so',
    { format: 'json', keepField: true },
    '{"message":"{}","a":1}',
    '{"message":"{}","a":1}',
  ],
  [
    'puts the fields into an object',
    { format: 'logfmt', field: 'log', into: 'parsed.log' },
    '{"log":"a=1 b=x"}',
    '{"parsed":{"log":{"a":"1","b":"x"}}}',
  ],
  [
    'keeps only what it read',
    { format: 'json', keepOthers: false },
    '{"message":"{\\"a\\":1}","b":2}',
    '{"a":1}',
  ],
  [
    'keeps only what it read, and the field',
    { format: 'json', keepOthers: false, keepField: true },
    '{"message":"{\\"a\\":1}","b":2}',
    '{"message":"{\\"a\\":1}","a":1}',
  ],
  [
    'can read a field over itself',
    { format: 'json' },
    '{"message":"{\\"message\\":\\"hi\\"}"}',
    '{"message":"hi"}',
  ],
  ['replaces fields of the same names', { format: 'json' }, '{"a":0,"message":"{\\"a\\":1}"}', '{"a":1}'],
  [
    'tries the other formats in their order',
    { format: 'json', otherwise: [{ format: 'regex', pattern: '^(?<who>\\w+)!$' }, { format: 'raw' }] },
    '{"message":"me!"}',
    '{"who":"me"}',
  ],
  ['leaves what does not fit', { format: 'json' }, '{"message":"hi","a":1}', '{"message":"hi","a":1}'],
  ['leaves an empty text', { format: 'json' }, '{"message":""}', '{"message":""}'],
  ['leaves what is no text', { format: 'json' }, '{"message":{"a":1}}', '{"message":{"a":1}}'],
  ['leaves records without the field', { format: 'json' }, '{"a":1}', '{"a":1}'],
  [
    'reads by the format that a field names, and by no other',
    { format: 'json', choice: { formats: { pairs: { format: 'logfmt' } } } },
    '{"parser":"pairs","message":"a=1"}',
    '{"a":"1"}',
  ],
  [
    'leaves what does not fit the named format',
    { format: 'json', choice: { formats: { number: { format: 'regex', pattern: '^(?<n>\\d+)$' } } } },
    '{"parser":"number","message":"{}"}',
    '{"message":"{}"}',
  ],
  [
    'reads as without a choice when the name is unknown, and keeps the name when told so',
    { format: 'json', choice: { field: 'a.p', keepField: true, formats: { pairs: { format: 'logfmt' } } } },
    '{"a":{"p":"x"},"message":"{\\"b\\":1}"}',
    '{"a":{"p":"x"},"b":1}',
  ],
  [
    'keeps bytes that are not UTF-8',
    { format: 'json' },
    '{"message":"{\\"a\\":\\"\xff\\"}"}',
    '{"a":"\xff"}',
  ],
]

describe('parsing a field', () => {
  for (const [title, step, line, record] of CASES)
    it(title, () => assert.deepEqual(recordsOf(processorOf({}, [{ parse: step }]).process(line)), [record]))

  it('takes the time over, and leaves it alone where there is none', () => {
    const parse = { format: 'json', time: { field: 't', keep: false } }
    const batch = processorOf({}, [{ parse }]).process(
      '{"message":"{\\"t\\":\\"2026-01-02T03:04:05Z\\"}"}\n{"message":"{\\"x\\":1}"}\n',
    )
    assert.deepEqual([...batch.timesMs], [Date.UTC(2026, 0, 2, 3, 4, 5), Date.UTC(2026, 0, 1)])
    assert.deepEqual(recordsOf(batch), ['{}', '{"x":1}'])
  })

  it('counts what fits no format', () => {
    const { process, metric } = processorOf({}, [{ parse: { format: 'json' } }])
    process('{"message":"x"}\n{"message":"{}"}\n')
    assert.equal(metric('parse_failures_total', { format: 'json' }), 1)
  })
})
