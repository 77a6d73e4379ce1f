import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Slice } from '../../batch.ts'
import { fakeSlice } from '../output-fakes.ts'
import { countBytes, countRecords } from '../selection.ts'
import { BulkBody, type BulkPlan, overheadBytes } from './bulk-body.ts'
import { parseDatedName } from './dated-name.ts'

const stream: BulkPlan = { op: 'create' }
const dated = parseDatedName('logs-%Y.%m.%d') as Exclude<ReturnType<typeof parseDatedName>, string>

function build(plan: BulkPlan, ...slices: Slice[]): { text: string; bytes: Buffer; replaced: number } {
  const body = new BulkBody(plan, slices)
  for (const slice of slices) body.add(slice)
  const bytes = body.bytes()
  return { text: bytes.toString(), bytes, replaced: body.replaced }
}

describe('the body of a _bulk request', () => {
  const golden = [
    {
      what: 'puts the timestamp in front of a record',
      plan: stream,
      slice: fakeSlice([{ a: 1 }]),
      body: '{"create":{}}\n{"@timestamp":"2026-01-02T03:04:05.006Z","a":1}\n',
    },
    {
      what: 'names the index by each record’s day',
      plan: { op: 'index', index: dated } as BulkPlan,
      slice: fakeSlice([{ a: 1 }, { a: 2 }], {
        timesMs: [Date.UTC(2026, 11, 31, 23, 59, 59, 999), Date.UTC(2027, 0, 1)],
      }),
      body:
        '{"index":{"_index":"logs-2026.12.31"}}\n{"@timestamp":"2026-12-31T23:59:59.999Z","a":1}\n' +
        '{"index":{"_index":"logs-2027.01.01"}}\n{"@timestamp":"2027-01-01T00:00:00.000Z","a":2}\n',
    },
    {
      what: 'names a record by spool, frame and place',
      plan: { ...stream, spoolId: 'spool-a' },
      slice: { ...fakeSlice(Array.from({ length: 18 }, () => ({}))), from: 15, to: 17 },
      body:
        '{"create":{"_id":"spool-a-1-00000f"}}\n{"@timestamp":"2026-01-02T03:04:05.021Z"}\n' +
        '{"create":{"_id":"spool-a-1-000010"}}\n{"@timestamp":"2026-01-02T03:04:05.022Z"}\n',
    },
    {
      what: 'names index and record together',
      plan: { op: 'create', index: dated, spoolId: 's' } as BulkPlan,
      slice: fakeSlice([{ a: 1 }], { sequence: 36 }),
      body: '{"create":{"_index":"logs-2026.01.02","_id":"s-10-000000"}}\n{"@timestamp":"2026-01-02T03:04:05.006Z","a":1}\n',
    },
    {
      what: 'keeps a timestamp that the record has',
      plan: stream,
      slice: fakeSlice(['{"@timestamp":"x","a":1}', '{"a":1,"@timestamp":"y"}']),
      body: '{"create":{}}\n{"@timestamp":"x","a":1}\n{"create":{}}\n{"a":1,"@timestamp":"y"}\n',
    },
    {
      what: 'does not take a nested timestamp, or one in a text, for the record’s own',
      plan: stream,
      slice: fakeSlice(['{"a":{"@timestamp":"x"}}', '{"a":"\\"@timestamp"}', '{"b":1}']),
      body:
        '{"create":{}}\n{"@timestamp":"2026-01-02T03:04:05.006Z","a":{"@timestamp":"x"}}\n' +
        '{"create":{}}\n{"@timestamp":"2026-01-02T03:04:05.007Z","a":"\\"@timestamp"}\n' +
        '{"create":{}}\n{"@timestamp":"2026-01-02T03:04:05.008Z","b":1}\n',
    },
    {
      what: 'copes with empty objects and blanks',
      plan: stream,
      slice: fakeSlice(['{}', '{ }', ' { "a": 1 } ']),
      body:
        '{"create":{}}\n{"@timestamp":"2026-01-02T03:04:05.006Z"}\n' +
        '{"create":{}}\n{"@timestamp":"2026-01-02T03:04:05.007Z"}\n' +
        '{"create":{}}\n{"@timestamp":"2026-01-02T03:04:05.008Z","a": 1 } \n',
    },
    {
      what: 'gives a time that cannot be written the epoch',
      plan: stream,
      slice: fakeSlice(['{"a":1}', '{"a":2}', '{"a":3}'], { timesMs: [Number.NaN, -1, 1e15] }),
      body: [1, 2, 3]
        .map(a => `{"create":{}}\n{"@timestamp":"1970-01-01T00:00:00.000Z","a":${a}}\n`)
        .join(''),
    },
    {
      what: 'skips what stands between records',
      plan: stream,
      slice: fakeSlice(['{"a":1}', '{"a":2}'], { between: '{"@timestamp":"no"}', timesMs: [0, 0] }),
      body: [1, 2].map(a => `{"create":{}}\n{"@timestamp":"1970-01-01T00:00:00.000Z","a":${a}}\n`).join(''),
    },
  ]
  for (const { what, plan, slice, body } of golden) {
    test(what, () => assert.equal(build(plan, slice).text, body))
  }

  test('replaces bytes that are not UTF-8, in the records that have them, and counts these', () => {
    const broken = Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xc3, 0x22, 0x7d])
    const { text, replaced } = build(stream, fakeSlice(['{"a":"ü"}', broken, '{"a":"€"}']))
    assert.equal(replaced, 1)
    assert.deepEqual(text.match(/"a":"[^"]*"/g), ['"a":"ü"', '"a":"��"', '"a":"€"'])
  })

  test('has room for records that grow by replacement', () => {
    const bad = () => Buffer.concat([Buffer.from('{"a":"'), Buffer.alloc(1000, 0xff), Buffer.from('"}')])
    const { bytes, replaced } = build(stream, fakeSlice(Array.from({ length: 50 }, bad)))
    assert.equal(replaced, 50)
    assert.equal(bytes.toString().split('\ufffd').length - 1, 50_000)
    assert.equal(bytes.at(-1), 0x0a)
  })

  test('holds, for any records, exactly these with a timestamp, and never more overhead than told', () => {
    const record = fc.dictionary(fc.string(), fc.jsonValue()).map(value => JSON.stringify(value))
    const plans: BulkPlan[] = [stream, { ...stream, spoolId: 'spool' }, { op: 'index', index: dated }]
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1 }),
        fc.constantFrom(...plans),
        fc.nat(4e12),
        (records, plan, timeMs) => {
          const slice = fakeSlice(records, { timeMs })
          const { bytes, replaced } = build(plan, slice)
          const lines = bytes.toString().split('\n')
          assert.equal(lines.pop(), '')
          const documents = lines.filter((_, i) => i % 2 === 1).map(line => JSON.parse(line))
          const expected = records.map((text, i) => {
            const value = JSON.parse(text)
            return Object.hasOwn(value, '@timestamp')
              ? value
              : { '@timestamp': new Date(timeMs + i).toISOString(), ...value }
          })
          assert.deepEqual(documents, expected)
          assert.equal(replaced, 0)
          assert.ok(bytes.length <= countBytes([slice]) + countRecords([slice]) * overheadBytes(plan))
        },
      ),
    )
  })
})
