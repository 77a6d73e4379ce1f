import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordsOf } from '../lines-fake.ts'
import { processorOf } from '../processor-fake.ts'

const text = (value: unknown) => JSON.stringify(typeof value === 'string' ? value : JSON.stringify(value))

const cases: [title: string, decode: object[], line: string, record: string][] = [
  ['an object takes the place of its text', [{ field: 'a' }], `{"a":${text({ b: 1 })}}`, '{"a":{"b":1}}'],
  ['a list does', [{ field: 'a' }], `{"a":${text([1])}}`, '{"a":[1]}'],
  ['line feeds between values go', [{ field: 'a' }], '{"a":"{\\n\\"b\\":\\r\\n1}"}', '{"a":{ "b":  1}}'],
  ['what is no container stays', [{ field: 'a' }], '{"a":"1"}', '{"a":"1"}'],
  ['broken JSON stays', [{ field: 'a' }], '{"a":"{\\"b\\":"}', '{"a":"{\\"b\\":"}'],
  ['a number stays', [{ field: 'a' }], '{"a":1}', '{"a":1}'],
  ['a nested field', [{ field: 'a.b' }], `{"a":{"b":${text({ c: 1 })}}}`, '{"a":{"b":{"c":1}}}'],
  [
    'members join the record',
    [{ field: 'a', merge: true }],
    `{"x":1,"a":${text({ x: 2, y: 3 })}}`,
    `{"x":2,"a":${text({ x: 2, y: 3 })},"y":3}`,
  ],
  [
    'escapes',
    [{ field: 'a', as: 'escaped' }],
    '{"a":"x\\\\n\\\\t\\\\\\"\\\\101\\\\x42\\\\q\\\\u00e9"}',
    '{"a":"x\\n\\t\\"AB\\\\q\\\\u00e9"}',
  ],
  [
    'escapes of Unicode',
    [{ field: 'a', as: 'escaped_utf8' }],
    '{"a":"\\\\u00e9\\\\ud83d\\\\ude00"}',
    '{"a":"\xc3\xa9\xf0\x9f\x98\x80"}',
  ],
  [
    'quotes of MySQL',
    [{ field: 'a', as: 'mysql_quoted' }],
    "{\"a\":\"'it\\\\'s ''x'' \\\\0'\"}",
    '{"a":"it\'s \'x\' \\u0000"}',
  ],
  ['text without quotes stays', [{ field: 'a', as: 'mysql_quoted' }], '{"a":"x"}', '{"a":"x"}'],
  ['bytes that are not UTF-8 stay', [{ field: 'a', as: 'escaped' }], '{"a":"\xff\\\\n"}', '{"a":"\xff\\n"}'],
  [
    'one entry after another',
    [{ field: 'a', as: 'escaped' }, { field: 'a' }],
    '{"a":"{\\\\\\"b\\\\\\":1}"}',
    '{"a":{"b":1}}',
  ],
  [
    'no entry after one that worked',
    [{ field: 'a', as: 'escaped', next: 'if_failed' }, { field: 'a' }],
    '{"a":"{}"}',
    '{"a":"{}"}',
  ],
  [
    'the next one after one that failed',
    [{ field: 'a', as: 'mysql_quoted', next: 'if_failed' }, { field: 'a' }],
    '{"a":"{}"}',
    '{"a":{}}',
  ],
  [
    'none after never',
    [{ field: 'a', as: 'mysql_quoted', next: 'never' }, { field: 'a' }],
    '{"a":"{}"}',
    '{"a":"{}"}',
  ],
]

describe('decoding', () => {
  for (const [title, decode, line, record] of cases) {
    it(title, () => assert.deepEqual(recordsOf(processorOf({ decode }).process(line)), [record]))
  }

  it('comes before the time is taken, and works on every format', () => {
    const { process } = processorOf({
      format: 'logfmt',
      decode: [{ field: 'log', merge: true }],
      time: { field: 't' },
    })
    const batch = process('log="{\\"t\\":\\"2025-01-02T03:04:05Z\\"}"')
    assert.equal(batch.timesMs[0], Date.UTC(2025, 0, 2, 3, 4, 5))
  })

  it('refuses what would stand deeper than records may be', () => {
    const deep = `${'['.repeat(127)}${']'.repeat(127)}`
    const [kept] = recordsOf(processorOf({ decode: [{ field: 'a.b' }] }).process(`{"a":{"b":"${deep}"}}`))
    assert.equal(kept, `{"a":{"b":"${deep}"}}`)
  })
})
