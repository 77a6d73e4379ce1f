// What every format keeps, whatever a line is.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { recordsOf } from '../../src/modules/logs/lines-fake.ts'
import { processorOf } from '../../src/modules/logs/processor-fake.ts'

interface Form {
  readonly name: string
  readonly config: object
  /** Lines that it reads. */
  readonly samples: readonly string[]
  /** Every line is one of its, as it has no syntax. */
  readonly takesAnything?: true
}

const forms: readonly Form[] = [
  {
    name: 'json',
    config: { format: 'json' },
    samples: ['{"a":1}', '{"time":"9999-12-31T23:59:59Z","a":{"b":[null]}}'],
  },
  { name: 'raw', config: { format: 'raw' }, samples: ['text'], takesAnything: true },
  { name: 'logfmt', config: { format: 'logfmt' }, samples: ['a=1 b="x y" c'], takesAnything: true },
  { name: 'ltsv', config: { format: 'ltsv' }, samples: ['a:1\tb:x y'] },
  { name: 'csv', config: { format: 'csv', csv: { columns: ['a', 'b'] } }, samples: ['1,"x, ""y"""'] },
  { name: 'cri', config: { format: 'cri' }, samples: ['2020-02-02T02:02:02.123456789Z stdout F hi'] },
  {
    name: 'docker',
    config: { format: 'docker' },
    samples: ['{"log":"hi\\n","stream":"stdout","time":"2020-02-02T02:02:02Z"}'],
  },
  { name: 'container', config: { format: 'container' }, samples: ['2020-02-02T02:02:02Z stderr P hi'] },
  {
    name: 'syslog',
    config: { format: 'syslog' },
    samples: ['<13>1 2020-02-02T02:02:02Z h a 1 - [x@1 a="b"] hi', '<13>Feb  2 02:02:02 h a[1]: hi'],
    takesAnything: true,
  },
  {
    name: 'apache',
    config: { format: 'apache' },
    samples: ['1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1'],
  },
  {
    name: 'apache_error',
    config: { format: 'apache_error' },
    samples: ['[Wed Oct 11 14:32:52.123456 2000] [core:error] [pid 1:tid 2] [client 1.2.3.4:5] denied'],
  },
  {
    name: 'nginx',
    config: { format: 'nginx' },
    samples: ['1.2.3.4 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 1 "-" "c"'],
  },
  {
    name: 'nginx_error',
    config: { format: 'nginx_error' },
    samples: ['2020/02/02 02:02:02 [error] 1#2: *3 open() failed'],
  },
  {
    name: 'envoy',
    config: { format: 'envoy' },
    samples: [
      '[2016-04-15T20:17:00.310Z] "POST /a HTTP/2" 204 - 154 0 226 100 "1.2.3.4" "c" "id" "a" "1.2.3.4:80"',
    ],
  },
  {
    name: 'mysql_slow',
    config: { format: 'mysql_slow' },
    samples: ['# Query_time: 0.000012  Lock_time: 0.000001 Rows_sent: 1  Rows_examined: 0'],
  },
  {
    name: 'postgres',
    config: { format: 'postgres' },
    samples: ['2020-02-02 02:02:02.123 UTC [12] LOG:  hi'],
  },
  {
    name: 'postgres_csv',
    config: { format: 'postgres_csv' },
    samples: [`2020-02-02 02:02:02.123 UTC${','.repeat(11)}LOG,00000,"hi"${','.repeat(9)}`],
  },
  { name: 'klog', config: { format: 'klog' }, samples: ['I0202 02:02:02.123456       1 file.go:12] hi'] },
  { name: 'regex', config: { format: 'regex', pattern: '^(?<a>\\w+) (?<b>.*)$' }, samples: ['a b c'] },
  { name: 'grok', config: { format: 'grok', pattern: '%{WORD:a} %{NUMBER:b:int}' }, samples: ['a 12'] },
]

/** Times at the ends of what can be told, and beyond, in the field that a format finds them in. */
const CLOCKS = [
  '0001-01-01T00:00:00Z',
  '1969-12-31T23:59:59.999Z',
  '2105-06-07T08:09:10Z',
  '9999-12-31T23:59:60Z',
  '-1',
  '99999999999999999999',
  'yesterday',
  '',
]

for (const { name, config, samples, takesAnything } of forms)
  describe(`format ${name}`, () => {
    for (const sample of samples)
      test(`reads ${sample.slice(0, 60)}`, () => {
        const [record] = recordsOf(processorOf(config).process(sample))
        assert.equal(JSON.parse(record).parse_error, undefined, record)
      })

    test('keeps a line that was cut anywhere, as it is, if it does not fit', () => {
      for (const sample of samples)
        for (let end = 0; end < sample.length; end++) keeps(config, sample.slice(0, end))
    })

    test('keeps any line: what it makes is an object, and what does not fit stands in it', () => {
      const line = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc
          .constantFrom(...samples)
          .chain(sample =>
            fc
              .tuple(fc.nat(sample.length), fc.string({ unit: 'binary', maxLength: 5 }))
              .map(([at, text]) => sample.slice(0, at) + text + sample.slice(at + text.length)),
          ),
      )
      fc.assert(
        fc.property(line, text => keeps(config, text.replaceAll(/[\n\r]/g, ' '))),
        { numRuns: 300 },
      )
    })

    test('keeps bytes that are no text', () => {
      const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28, 0xed, 0xa0, 0x80])
      const records = recordsOf(processorOf(config).process(bytes.toString('latin1')))
      assert.ok(records.length <= 1)
    })

    test('takes a line of a quarter of a mebibyte in no time, and loses nothing of it', () => {
      for (const part of ['x', ' ', '"', '[', '{"a":', 'a=', '\\']) {
        const line = part.repeat(Math.floor((1 << 18) / part.length))
        const began = performance.now()
        const records = recordsOf(processorOf(config).process(line))
        assert.ok(performance.now() - began < 20_000)
        if (!takesAnything && records.length > 0 && JSON.parse(records[0]).parse_error !== undefined)
          assert.equal(JSON.parse(records[0]).message.trim(), line.trim())
      }
    })

    test('takes a line whatever its clock says', () => {
      for (const clock of CLOCKS)
        for (const sample of samples)
          keeps(config, sample.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z|\d\d\/Oct\/2000/, clock))
    })
  })

/** One object comes of a line that is not blank; a line that does not fit stands in it whole. */
function keeps(config: object, line: string): void {
  const bytes = Buffer.from(line).toString('latin1')
  const records = recordsOf(processorOf(config).process(bytes)).map(text =>
    Buffer.from(text, 'latin1').toString(),
  )
  assert.ok(records.length <= 1, `${records.length} records`)
  if (records.length === 0) return
  const record = JSON.parse(records[0]) as Record<string, unknown>
  assert.ok(typeof record === 'object' && record !== null && !Array.isArray(record))
  if (record['parse_error'] !== undefined) assert.equal(record['message'], line)
}
