import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeProtobuf, message } from './decode-fake.ts'
import { encodeJson } from './json.ts'
import { encodeProtobuf } from './protobuf.ts'
import { decodePartialSuccess } from './response.ts'
import { type Span, unixNano } from './span.ts'

const span: Span = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: '',
  traceState: '',
  name: 'GET',
  kind: 'server',
  startMs: 1_700_000_000_000.25,
  endMs: 1_700_000_000_123.5,
  attributes: {
    text: 'zü',
    whole: 200,
    negative: -1,
    part: 0.5,
    yes: true,
    list: ['a', 'b'],
    none: undefined,
  },
  error: undefined,
}
const of = (...spans: Span[]) => ({
  resource: { 'service.name': 'shop' },
  scope: { name: 'outrigger', version: '1' },
  spans,
})
const read = { text: 'zü', whole: 200, negative: -1, part: 0.5, yes: true, list: ['a', 'b'] }

describe('spans in protobuf', () => {
  test('are read as they were written', () => {
    const { resource, scope, spans } = decodeProtobuf(encodeProtobuf(of(span)))
    assert.deepEqual(resource, { 'service.name': 'shop' })
    assert.deepEqual(scope, { name: 'outrigger', version: '1' })
    assert.deepEqual(spans, [
      {
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: '',
        traceState: '',
        name: 'GET',
        kind: 2,
        startNano: 1_700_000_000_000_250_000n,
        endNano: 1_700_000_000_123_500_000n,
        attributes: read,
        status: undefined,
        flags: 1,
      },
    ])
  })

  test('carry parent, state and error where there are some', () => {
    const more = { parentSpanId: '1'.repeat(16), traceState: 'a=1', error: 'reset', kind: 'client' } as const
    const [child] = decodeProtobuf(encodeProtobuf(of({ ...span, ...more }))).spans
    assert.equal(child!.parentSpanId, '1'.repeat(16))
    assert.equal(child!.traceState, 'a=1')
    assert.equal(child!.kind, 3)
    assert.deepEqual(child!.status, { code: 2, message: 'reset' })
  })

  test('hold any attributes', () => {
    const key = fc.string().filter(name => name !== '__proto__')
    const value = fc.oneof(
      fc.string(),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noInteger: true }),
      fc.array(fc.string()),
    )
    fc.assert(
      fc.property(fc.dictionary(key, value, { noNullPrototype: true }), attributes => {
        const [got] = decodeProtobuf(encodeProtobuf(of({ ...span, attributes }))).spans
        assert.deepEqual(got!.attributes, attributes)
      }),
    )
  })
})

test('spans in JSON have ids in hexadecimal and long numbers as text', () => {
  const body = JSON.parse(encodeJson(of({ ...span, error: '' })).toString())
  assert.deepEqual(body, {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
        scopeSpans: [
          {
            scope: { name: 'outrigger', version: '1' },
            spans: [
              {
                traceId: span.traceId,
                spanId: span.spanId,
                name: 'GET',
                kind: 2,
                startTimeUnixNano: '1700000000000250000',
                endTimeUnixNano: '1700000000123500000',
                attributes: [
                  { key: 'text', value: { stringValue: 'zü' } },
                  { key: 'whole', value: { intValue: '200' } },
                  { key: 'negative', value: { intValue: '-1' } },
                  { key: 'part', value: { doubleValue: 0.5 } },
                  { key: 'yes', value: { boolValue: true } },
                  {
                    key: 'list',
                    value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } },
                  },
                ],
                status: { code: 2 },
                flags: 1,
              },
            ],
          },
        ],
      },
    ],
  })
})

describe('what a collector did not take', () => {
  for (const [hex, rejected, why] of [
    ['', 0, ''],
    ['0a00', 0, ''],
    ['0a020805', 5, ''],
    ['0a0608051202686f', 5, 'ho'],
    ['0a0412026869', 0, 'hi'],
    ['ff', 0, ''],
    ['0aff', 0, ''],
    ['12020805', 0, ''],
  ] as const)
    test(`is read from ${hex || 'nothing'}`, () =>
      assert.deepEqual(decodePartialSuccess(Buffer.from(hex, 'hex')), { rejected, message: why }))

  test('is never an error, whatever the answer is', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        assert.equal(typeof decodePartialSuccess(Buffer.from(bytes)).rejected, 'number')
      }),
    )
  })
})

test('times keep their fractions', () => {
  assert.equal(unixNano(0.000_001), 1n)
  assert.equal(unixNano(1999.999_999), 1_999_999_999n)
})

test('the strict reader refuses what is not in the protocol', () => {
  assert.throws(() => message(Buffer.from('1801', 'hex'), { 1: 'varint' }), /field 3 does not exist/)
  assert.throws(() => message(Buffer.from('0a05', 'hex'), { 1: 'bytes' }), /cut short/)
})
