import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { s } from '../../../kernel/config/schema.ts'
import { recordsOf } from '../lines-fake.ts'
import { processorOf } from '../processor-fake.ts'
import { checkFormat } from './check.ts'
import { FORMATS, formatFields } from './config.ts'

const REGEX = '^(?<method>\\S+) (?<path>\\S+)(?: (?<status>\\d+))?$'
const TIME = '2026-01-02T03:04:05.678901234Z'

const cases: [format: string, line: string, record: string][] = [
  ['json', '{"a":1}', '{"a":1}'],
  ['json', '\t{"a" : [1, 2]} \r', '{"a" : [1, 2]}'],
  ['json', '{"a":"\xff"}', '{"a":"\xff"}'],
  [
    'json',
    'x "y"',
    '{"message":"x \\"y\\"","parse_error":"not a JSON object: expected an object at byte 1"}',
  ],
  ['json', '[1]', '{"message":"[1]","parse_error":"not a JSON object: expected an object at byte 1"}'],
  [
    'json',
    '{"a":1',
    '{"message":"{\\"a\\":1","parse_error":"not a JSON object: expected \\",\\" or \\"}\\" after a member at byte 7"}',
  ],
  ['json', '\xff', '{"message":"\xff","parse_error":"not a JSON object: expected an object at byte 1"}'],
  ['raw', 'x "y" \\ \t\x01\xff', '{"message":"x \\"y\\" \\\\ \\t\\u0001\xff"}'],
  ['raw', 'x\r', '{"message":"x"}'],
  ['raw', ' ', '{"message":" "}'],
  ['logfmt', 'a=1 b="x y" c= d e=""', '{"a":"1","b":"x y","c":"","d":true,"e":""}'],
  ['logfmt', 'a="x \\"y\\" \\n \\u00e9 \\\\"', '{"a":"x \\"y\\" \\n \\u00e9 \\\\"}'],
  ['logfmt', 'a="\\d \\u12" b=\\d', '{"a":"\\\\d \\\\u12","b":"\\\\d"}'],
  ['logfmt', 'a="\t\xff" \xff=1', '{"a":"\\t\xff","\xff":"1"}'],
  ['logfmt', 'a=1 b=2 a=3', '{"a":"1","b":"2"}'],
  ['logfmt', '  url=http://x/?a=b&c  ', '{"url":"http://x/?a=b&c"}'],
  [
    'logfmt',
    'plain text',
    '{"message":"plain text","parse_error":"not logfmt: expected key=value at byte 1"}',
  ],
  [
    'logfmt',
    'a=1 b="x',
    '{"message":"a=1 b=\\"x","parse_error":"not logfmt: expected a closing quote at byte 9"}',
  ],
  ['logfmt', 'a=1 =2', '{"message":"a=1 =2","parse_error":"not logfmt: expected a key at byte 5"}'],
  ['logfmt', 'a=1 b"c"', '{"message":"a=1 b\\"c\\"","parse_error":"not logfmt: expected \\"=\\" at byte 6"}'],
  ['cri', `${TIME} stdout F a "b" \xff`, `{"message":"a \\"b\\" \xff","stream":"stdout","time":"${TIME}"}`],
  ['cri', `${TIME} stderr P  a `, `{"message":" a ","stream":"stderr","time":"${TIME}","partial":true}`],
  ['cri', `${TIME} stdout F:tag a`, `{"message":"a","stream":"stdout","time":"${TIME}"}`],
  ['cri', `${TIME} stdout F `, `{"message":"","stream":"stdout","time":"${TIME}"}`],
  ['cri', `${TIME} stdout F`, `{"message":"","stream":"stdout","time":"${TIME}"}`],
  ...[
    'x',
    `${TIME} stdin F x`,
    `${TIME} stdout X x`,
    `${TIME} stdout Fx x`,
    'yesterday stdout F x',
    `${TIME} stdout`,
  ].map((line): [string, string, string] => [
    'cri',
    line,
    `{"message":"${line}","parse_error":"not a CRI line: expected <time> <stdout|stderr> <P|F> <message>"}`,
  ]),
  [
    'docker',
    `{"log":"a\\n","stream":"stdout","time":"${TIME}"}`,
    `{"message":"a","stream":"stdout","time":"${TIME}"}`,
  ],
  ['docker', '{"log":"a\\r\\n"}', '{"message":"a"}'],
  ['docker', '{"log":"\\n"}', '{"message":""}'],
  ['docker', '{"log":"a"}', '{"message":"a","partial":true}'],
  ['docker', '{"log":"a\\\\n"}', '{"message":"a\\\\n","partial":true}'],
  ['docker', '{"log":"a\\\\\\n"}', '{"message":"a\\\\"}'],
  ['docker', '{"log":"","attrs":{"x":1}}', '{"message":"","attrs":{"x":1},"partial":true}'],
  ['docker', '{"message":1,"log":"a\\n"}', '{"message":"a"}'],
  [
    'docker',
    '{"log":1}',
    '{"message":"{\\"log\\":1}","parse_error":"not a line of json-file: expected a field \\"log\\" with text"}',
  ],
  ['docker', 'x', '{"message":"x","parse_error":"not a JSON object: expected an object at byte 1"}'],
  [
    'syslog',
    '<165>1 2026-01-02T03:04:05Z h app 7 ID [a b="c" b="d\\"" e="ÿ"] "m"',
    '{"message":"\\"m\\"","priority":165,"facility":"local4","severity":"notice","time":"2026-01-02T03:04:05Z","hostname":"h","appname":"app","procid":"7","msgid":"ID","structured_data":{"a":{"b":["c","d\\""],"e":"ÿ"}}}',
  ],
  ['syslog', '<0>x', '{"message":"x","priority":0,"facility":"kern","severity":"emerg"}'],
  [
    'syslog',
    'Jan  1 02:03:04 h su[1]: x',
    '{"message":"x","time":"Jan  1 02:03:04","hostname":"h","appname":"su","procid":"1"}',
  ],
  [
    'syslog',
    '<999>x',
    '{"message":"<999>x","parse_error":"not syslog: expected a priority from <0> to <191> at byte 1"}',
  ],
  ['regex', 'GET /x 200', '{"method":"GET","path":"/x","status":"200"}'],
  ['regex', 'GET /"x"', '{"method":"GET","path":"/\\"x\\""}'],
  [
    'regex',
    'GET /\xc3\xa9\xe2\x82\xac 200',
    '{"method":"GET","path":"/\xc3\xa9\xe2\x82\xac","status":"200"}',
  ],
  ['regex', 'GET /\xff\xc3\xa9 200', '{"method":"GET","path":"/\xff\xc3\xa9","status":"200"}'],
  ['regex', 'nope', '{"message":"nope","parse_error":"the pattern does not match"}'],
]

function options(format: string): object {
  if (format === 'regex') return { format, pattern: REGEX }
  if (format === 'grok') return { format, pattern: '%{WORD:a} %{GREEDYDATA:b}' }
  return format === 'csv' ? { format, csv: { columns: ['a', 'b'] } } : { format }
}

describe('formats', () => {
  for (const [format, line, record] of cases) {
    it(`${format} makes ${record} of ${JSON.stringify(line)}`, () => {
      const processor = processorOf(options(format))
      assert.deepEqual(recordsOf(processor.process(line)), [record])
      const misfit = record.includes('"parse_error"')
      assert.equal(processor.metric('parse_failures_total', { format }), misfit ? 1 : 0)
    })
  }

  for (const format of FORMATS) {
    it(`${format} makes one JSON object of any line, and never throws`, () => {
      const { process } = processorOf(options(format))
      const piece = fc.constantFrom(
        'a',
        '=',
        '"',
        '\\',
        '\\n',
        ' ',
        '{"log":"',
        '"}',
        ':',
        `${TIME} stdout F `,
        '<13>1 - - - - - [a b="',
        '<13>Jan  2 03:04:05 ',
        '\xff',
        '\0',
        '\t',
        ',',
        '[02/Jan/2026:03:04:05 +0000] ',
        '"GET / HTTP/1.1" 200 1 ',
        '2026-01-02 03:04:05.678 UTC [1] LOG:  ',
        '# Query_time: 1 ',
        'I0102 03:04:05.6 1 a.go:1] ',
        '\xc3\xa9',
      )
      const line = fc.oneof(
        fc.array(piece).map(pieces => pieces.join('')),
        fc.string({ unit: 'binary-ascii' }),
      )
      const property = fc.property(line, line => {
        const text = line.replaceAll('\n', ' ')
        const records = recordsOf(process(text))
        assert.equal(records.length, text === '' || text === '\r' ? 0 : 1)
        for (const record of records) {
          const value = JSON.parse(record) as unknown
          assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value))
        }
      })
      fc.assert(property, { numRuns: 500 })
    })
  }

  it('logfmt keeps names apart however many a line has', () => {
    const names = Array.from({ length: 200 }, (_, i) => `k${i % 100}`)
    const [record] = recordsOf(
      processorOf({ format: 'logfmt' }).process(names.map((name, i) => `${name}=${i}`).join(' ')),
    )
    const wanted = Object.fromEntries(names.slice(0, 100).map((name, i) => [name, String(i)]))
    assert.deepEqual(JSON.parse(record), wanted)
    assert.equal(record.split(':').length, 101)
  })

  it('a pattern that backtracks without end is matched in linear time', () => {
    const { process } = processorOf({ format: 'regex', pattern: '^(?<a>(a+)+)$' })
    const begin = performance.now()
    process(`${'a'.repeat(40)}b`)
    assert.ok(performance.now() - begin < 2000)
  })
})

const times: [title: string, options: object, line: string, time: string | undefined, record?: string][] = [
  ['cri by itself', { format: 'cri' }, '2026-01-02T03:04:05.6+01:00 stdout F x', '2026-01-02T02:04:05.600Z'],
  ['docker by itself', { format: 'docker' }, `{"log":"x\\n","time":"${TIME}"}`, '2026-01-02T03:04:05.678Z'],
  ['syslog by itself', { format: 'syslog' }, '<1>Jan  1 02:03:04 h x', '2026-01-01T02:03:04.000Z'],
  [
    'syslog in a zone',
    { format: 'syslog', time: { zone: '+02:00' } },
    'Jan  1 02:03:04 h x',
    '2026-01-01T00:03:04.000Z',
  ],
  [
    'a field',
    { time: { field: 'time' } },
    `{"time":"${TIME}"}`,
    '2026-01-02T03:04:05.678Z',
    `{"time":"${TIME}"}`,
  ],
  [
    'a field that is taken out',
    { time: { field: 'time', keep: false } },
    `{"a":1,"time":"${TIME}"}`,
    '2026-01-02T03:04:05.678Z',
    '{"a":1}',
  ],
  [
    'a nested field',
    { time: { field: 'event.time', keep: false } },
    `{"event":{"time":"${TIME}"}}`,
    '2026-01-02T03:04:05.678Z',
    '{"event":{}}',
  ],
  [
    'a field with escapes',
    { time: { field: 't', format: '%Y/%m/%d' } },
    '{"t":"2026\\/01\\/02"}',
    '2026-01-02T00:00:00.000Z',
  ],
  [
    'a field in a zone',
    { time: { field: 't', zone: '+02:00' } },
    '{"t":"2026-01-02T03:04:05"}',
    '2026-01-02T01:04:05.000Z',
  ],
  [
    'epoch_s',
    { time: { field: 't', format: 'epoch_s' } },
    '{"t":1700000000.123}',
    '2023-11-14T22:13:20.123Z',
  ],
  [
    'epoch_s as text',
    { time: { field: 't', format: 'epoch_s' } },
    '{"t":"1700000000"}',
    '2023-11-14T22:13:20.000Z',
  ],
  [
    'epoch_ms',
    { time: { field: 't', format: 'epoch_ms' } },
    '{"t":1700000000123}',
    '2023-11-14T22:13:20.123Z',
  ],
  [
    'epoch_us',
    { time: { field: 't', format: 'epoch_us' } },
    '{"t":1700000000123456}',
    '2023-11-14T22:13:20.123Z',
  ],
  [
    'epoch_ns',
    { time: { field: 't', format: 'epoch_ns' } },
    '{"t":1700000000123456789}',
    '2023-11-14T22:13:20.123Z',
  ],
  ['logfmt', { format: 'logfmt', time: { field: 'ts' } }, `ts=${TIME} a=b`, '2026-01-02T03:04:05.678Z'],
  ['a missing field', { time: { field: 't' } }, '{}', undefined],
  ['an unreadable field', { time: { field: 't', keep: false } }, '{"t":"soon"}', undefined, '{"t":"soon"}'],
  ['a number where text is due', { time: { field: 't' } }, '{"t":1700000000}', undefined],
  ['empty text', { time: { field: 't', format: 'epoch_s' } }, '{"t":""}', undefined],
  ['text that is not a number', { time: { field: 't', format: 'epoch_s' } }, '{"t":"x"}', undefined],
  ['a number beyond all dates', { time: { field: 't', format: 'epoch_s' } }, '{"t":1e300}', undefined],
]

describe('the time of a record', () => {
  for (const [title, options, line, time, record] of times) {
    it(`${title}: ${time ?? 'the time of reading, counted'}`, () => {
      const processor = processorOf(options)
      const batch = processor.process(line)
      assert.equal(new Date(batch.timesMs[0]).toISOString(), time ?? '2026-01-01T00:00:00.000Z')
      if (record !== undefined) assert.deepEqual(recordsOf(batch), [record])
      assert.equal(processor.metric('unreadable_times_total'), time === undefined ? 1 : 0)
    })
  }
})

describe('the options of a format', () => {
  const schema = s.object(formatFields, { about: 'a format' })
  const wrong: [options: object, path: string, message: RegExp][] = [
    [{ format: 'regex' }, 'inputs.0.pattern', /expected a pattern for format regex, got none/],
    [
      { format: 'regex', pattern: '(a' },
      'inputs.0.pattern',
      /expected a regular expression, got "\(a": Unterminated group/,
    ],
    [{ format: 'grok' }, 'inputs.0.pattern', /expected a pattern for format grok/],
    [{ format: 'grok', pattern: '%{X:a}' }, 'inputs.0.pattern', /the pattern %\{X\} is not known/],
    [{ format: 'csv' }, 'inputs.0.csv', /expected the columns for format csv/],
    [{ format: 'csv', csv: { columns: ['a', 'a'] } }, 'inputs.0.csv.columns.1', /is there already/],
    [{ format: 'json', types: { a: 'bool' } }, 'inputs.0.types', /format json takes no types/],
    [{ format: 'postgres', linePrefix: '%m %y ' }, 'inputs.0.linePrefix', /the unknown escape %y/],
    [{ decode: [{ field: 'a.' }] }, 'inputs.0.decode.0.field', /not a field, column 3/],
    [
      { format: 'cri', time: { zone: 'Mars/Base' } },
      'inputs.0.time.zone',
      /a zone such as Europe.Berlin, got "Mars/,
    ],
    [{ format: 'regex', pattern: '(a)' }, 'inputs.0.pattern', /named groups/],
    [{ format: 'regex', pattern: '(?<a>(?=b)(a+)+)$' }, 'inputs.0.pattern', /exponential/],
    [{ format: 'json', pattern: '(?<a>a)' }, 'inputs.0.pattern', /format json takes no pattern/],
    [{ time: {} }, 'inputs.0.time.field', /format json has no time of its own/],
    [{ format: 'raw', time: { field: 'x' } }, 'inputs.0.time', /format raw has no field/],
    [{ time: { field: 'x', format: '%Y %Q' } }, 'inputs.0.time.format', /unknown directive %Q at column 4/],
    [{ time: { field: 'x', format: 'iso' } }, 'inputs.0.time.format', /expected iso8601, .*got "iso"/],
    [{ time: { field: 'x.' } }, 'inputs.0.time.field', /not a field, column 3/],
  ]
  for (const [options, path, message] of wrong) {
    it(`${JSON.stringify(options)} is a problem at ${path}`, () => {
      const decoded = schema.decode(options)
      assert.ok(decoded.ok)
      const [problem, ...more] = checkFormat(decoded.value, ['inputs', 0])
      assert.deepEqual([problem.path.join('.'), more], [path, []])
      assert.match(problem.message, message)
      assert.ok(problem.hint)
    })
  }
})
