import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keyOf } from '../../json/path.ts'
import { ByteWriter } from '../../json/writer.ts'
import { ProtobufFault } from '../../protobuf/reader.ts'
import { JsonLogs } from './json.ts'
import { ProtobufLogs, verifyLogsProtobuf } from './protobuf.ts'
import { type LogRecords, RefusedRecord } from './record.ts'
import {
  encodeRequest,
  type JsonLogRecord,
  type JsonPair,
  type JsonRequest,
  type JsonValue,
} from './request-fake.ts'

const message = keyOf('message')

/** Each record as text, its time and service in front; what is refused says so. */
function read(records: LogRecords): string[] {
  const texts: string[] = []
  for (const record of records) {
    const out = new ByteWriter(16)
    try {
      const timeMs = record.write(out)
      texts.push(`${timeMs} ${record.serviceName} ${out.bytes.toString('utf8', 0, out.length)}`)
    } catch (error) {
      if (!(error instanceof RefusedRecord)) throw error
      texts.push(error.message)
    }
  }
  return texts
}

function readProtobuf(bytes: Buffer): string[] {
  const steps = verifyLogsProtobuf(bytes)
  while (!steps.next().done);
  return read(new ProtobufLogs(bytes, message))
}

function readJson(text: string): string[] {
  return read(new JsonLogs(Buffer.from(text), message))
}

/** The only record of a request, in both encodings. */
function one(record: JsonLogRecord): string {
  const request: JsonRequest = { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }
  const [text] = readProtobuf(encodeRequest(request))
  assert.deepEqual(readJson(JSON.stringify(request)), [text])
  return text
}

const text = (stringValue: string): JsonValue => ({ stringValue })
const map = (...values: JsonPair[]): JsonValue => ({ kvlistValue: { values } })

for (const [what, record, expected] of [
  ['nothing at all', {}, 'NaN  {}'],
  ['a text', { body: text('a "b"\n') }, 'NaN  {"message":"a \\"b\\"\\n"}'],
  ['an empty body', { body: {} }, 'NaN  {}'],
  [
    'a number of 64 bits',
    { body: { intValue: '-9223372036854775808' } },
    'NaN  {"message":-9223372036854775808}',
  ],
  ['a number above 2^53', { body: { intValue: '9007199254740993' } }, 'NaN  {"message":9007199254740993}'],
  ['a fraction', { body: { doubleValue: -1.5 } }, 'NaN  {"message":-1.5}'],
  ['no number', { body: { doubleValue: 'NaN' } }, 'NaN  {"message":"NaN"}'],
  ['infinity', { body: { doubleValue: '-Infinity' } }, 'NaN  {"message":"-Infinity"}'],
  ['true', { body: { boolValue: true } }, 'NaN  {"message":true}'],
  ['bytes', { body: { bytesValue: 'AAH/' } }, 'NaN  {"message":"AAH/"}'],
  [
    'a list',
    { body: { arrayValue: { values: [text('a'), { intValue: '1' }, {}, { arrayValue: { values: [] } }] } } },
    'NaN  {"message":["a",1,null,[]]}',
  ],
  [
    'a map',
    { body: map({ key: 'a', value: text('b') }, { key: 'c', value: map({ key: 'd' }) }), severityNumber: 9 },
    'NaN  {"a":"b","c":{"d":null},"severity_text":"INFO","severity_number":9}',
  ],
  [
    'a map with a key that is taken',
    { body: map({ key: 'trace_id', value: text('mine') }) },
    'NaN  {"message":{"trace_id":"mine"}}',
  ],
  [
    'all that a record has',
    {
      timeUnixNano: '1700000000123456789',
      observedTimeUnixNano: '1800000000000000000',
      severityNumber: 14,
      severityText: 'warning',
      body: text('x'),
      attributes: [{ key: 'a', value: { intValue: '1' } }, { key: 'b' }],
      flags: 257,
      traceId: '5B8EFFF798038103D269B633813FC60C',
      spanId: 'EEE19B7EC3C1B174',
      eventName: 'e',
    },
    '1700000000123.4568  {"message":"x","severity_text":"warning","severity_number":14,"trace_id":"5b8efff798038103d269b633813fc60c","span_id":"eee19b7ec3c1b174","trace_flags":1,"event_name":"e","attributes":{"a":1,"b":null}}',
  ],
  [
    'the time of its observation when it has no other',
    { observedTimeUnixNano: '1800000000000000000' },
    '1800000000000  {}',
  ],
  ['ids of zeros', { traceId: '0'.repeat(32), spanId: '0'.repeat(16) }, 'NaN  {}'],
  ['ids of a wrong length', { traceId: 'ab', spanId: 'cd' }, 'NaN  {}'],
  ['a severity that there is not', { severityNumber: 99 }, 'NaN  {"severity_number":99}'],
  [
    'the fourth level of a severity',
    { severityNumber: 24 },
    'NaN  {"severity_text":"FATAL4","severity_number":24}',
  ],
] as [string, JsonLogRecord, string][]) {
  test(`a log record with ${what} becomes a record, the same from protobuf and JSON`, () => {
    assert.equal(one(record), expected)
  })
}

test('resource and scope stand in each of their records', () => {
  const request: JsonRequest = {
    resourceLogs: [
      {
        resource: {
          attributes: [
            { key: 'service.name', value: text('shop') },
            { key: 'n', value: { intValue: '1' } },
          ],
        },
        scopeLogs: [
          {
            scope: { name: 'lib', version: '1.2', attributes: [{ key: 'a', value: { boolValue: false } }] },
            logRecords: [{ body: text('1') }, { body: text('2') }],
          },
          { scope: {}, logRecords: [{ body: text('3') }] },
        ],
      },
      { scopeLogs: [{ logRecords: [{ body: text('4') }] }, {}] },
      {},
    ],
  }
  const resource = '"resource":{"service.name":"shop","n":1}'
  const scope = '"scope":{"name":"lib","version":"1.2","attributes":{"a":false}}'
  const expected = [
    `NaN shop {"message":"1",${resource},${scope}}`,
    `NaN shop {"message":"2",${resource},${scope}}`,
    `NaN shop {"message":"3",${resource}}`,
    'NaN  {"message":"4"}',
  ]
  assert.deepEqual(readProtobuf(encodeRequest(request)), expected)
  assert.deepEqual(readJson(JSON.stringify(request)), expected)
  // With members the other way round, and over several lines.
  const reversed = JSON.parse(JSON.stringify(request), (_, value) =>
    value instanceof Object && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).reverse())
      : value,
  )
  assert.deepEqual(readJson(JSON.stringify(reversed, null, 2)), expected)
})

test('what is not known, or of another type, counts as not there', () => {
  const record = {
    timeUnixNano: {},
    observedTimeUnixNano: 1800000000000000000,
    severityNumber: 'SEVERITY_NUMBER_WARN',
    severityText: 5,
    body: { stringValue: { a: '\n' }, future: 1 },
    attributes: [5, { key: 7, value: { intValue: 12 } }, { key: 'n', value: { intValue: '012' } }],
    traceId: null,
    spanId: 'x'.repeat(16),
    future: [{}],
  }
  const request = {
    future: 1,
    resourceLogs: [7, { scopeLogs: {} }, { resource: [], scopeLogs: [{ logRecords: [record] }] }],
  }
  assert.deepEqual(readJson(JSON.stringify(request, null, 1)), [
    '1800000000000  {"message":null,"attributes":{"":null,"":12,"n":"012"}}',
  ])
})

function nested(levels: number): JsonValue {
  return levels === 0 ? text('x') : { arrayValue: { values: [nested(levels - 1)] } }
}

test('a record whose values are nested too deep is refused, the others are not', () => {
  const logRecords = [{ body: nested(15) }, { body: nested(16) }, { body: text('x') }]
  const request: JsonRequest = { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }
  const expected = [/\[\[/, /nested deeper than 16 levels/, /"x"/]
  for (const texts of [readProtobuf(encodeRequest(request)), readJson(JSON.stringify(request))]) {
    assert.equal(texts.length, 3)
    for (const [i, pattern] of expected.entries()) assert.match(texts[i], pattern)
  }
})

for (const [what, hex] of [
  ['a field that is longer than its message', '0a05'],
  ['a length that does not end', '0affffff'],
  ['a length above 32 bits', '0affffffff7f'],
  ['a number that does not end', '08ff'],
  ['a number above 64 bits', '08ffffffffffffffffffff01'],
  ['the field 0', '0000'],
  ['a group', '0b0c'],
  ['a fault inside', '0a0212000a041202120b'],
]) {
  test(`${what} is no request`, () =>
    assert.throws(() => readProtobuf(Buffer.from(hex, 'hex')), ProtobufFault))
}

const anyValue = fc.letrec<{ value: JsonValue }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'grapheme' }).map(text),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(value => ({ intValue: String(value) })),
    fc.boolean().map(boolValue => ({ boolValue })),
    fc.array(tie('value'), { maxLength: 3 }).map(values => ({ arrayValue: { values } })),
    fc
      .uniqueArray(fc.record({ key: fc.string(), value: tie('value') }), {
        maxLength: 3,
        selector: ({ key }) => key,
      })
      .map(values => ({ kvlistValue: { values } })),
  ),
})).value

test('both encodings of any request give the same records, each one JSON object on one line', () => {
  const record = fc.record(
    {
      body: anyValue,
      attributes: fc.array(fc.record({ key: fc.string(), value: anyValue }), { maxLength: 3 }),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.array(record, { maxLength: 4 }), logRecords => {
      const request: JsonRequest = { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }
      const texts = readProtobuf(encodeRequest(request))
      assert.equal(texts.length, logRecords.length)
      assert.deepEqual(readJson(JSON.stringify(request)), texts)
      for (const one of texts) {
        assert.ok(!one.includes('\n'))
        assert.equal(typeof JSON.parse(one.slice(5)), 'object')
      }
    }),
  )
})

test('whatever bytes come, they are refused or read, and nothing else happens', () => {
  const whole = encodeRequest({
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'a', value: nested(3) }] },
        scopeLogs: [
          {
            logRecords: [
              { body: map({ key: 'a', value: nested(2) }), attributes: [{ key: 'b', value: text('c') }] },
            ],
          },
        ],
      },
    ],
  })
  const spoiled = fc
    .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map(edits => {
      const bytes = Buffer.from(whole)
      for (const [at, byte] of edits) bytes[at] = byte
      return bytes
    })
  const random = fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes))
  fc.assert(
    fc.property(fc.oneof(spoiled, random), bytes => {
      try {
        for (const one of readProtobuf(bytes))
          JSON.parse(one.slice(one.indexOf('{')).replace(/^values are.*/, '{}'))
      } catch (error) {
        if (!(error instanceof ProtobufFault)) throw error
      }
    }),
    { numRuns: 2000 },
  )
})
