import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { b3, readB3, readB3Fields } from './b3.ts'
import { isTracestate, readTraceparent, traceparent } from './w3c.ts'

const T = '4bf92f3577b34da6a3ce929d0e0e4736'
const S = '00f067aa0ba902b7'

describe('a traceparent', () => {
  for (const [text, sampled] of [
    [`00-${T}-${S}-01`, true],
    [`00-${T}-${S}-00`, false],
    [`00-${T}-${S}-03`, true],
    [`01-${T}-${S}-01`, true],
    [`cc-${T}-${S}-01-what-the-future-will-be`, true],
  ] as const)
    test(`${text} is taken`, () =>
      assert.deepEqual(readTraceparent(text), { traceId: T, spanId: S, sampled }))

  for (const text of [
    '',
    `00-${T}-${S}`,
    `00-${T}-${S}-01-more`,
    `00-${T}-${S}-01-`,
    `ff-${T}-${S}-01`,
    `cc-${T}-${S}-01.what`,
    `0-${T}-${S}-01`,
    `00-${T.toUpperCase()}-${S}-01`,
    `00-${'0'.repeat(32)}-${S}-01`,
    `00-${T}-${'0'.repeat(16)}-01`,
    `00-${T.slice(1)}-${S}-01`,
    `00-${T}-${S}-0x`,
    ` 00-${T}-${S}-01`,
    `00-${T}-${S}-01, 00-${T}-${S}-01`,
  ])
    test(`"${text}" is ignored`, () => assert.equal(readTraceparent(text), undefined))

  test('that was written is read again', () => {
    const hex = (digits: number) =>
      fc
        .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits })
        .filter(id => !/^0+$/.test(id))
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
        const context = { traceId, spanId, sampled }
        assert.deepEqual(readTraceparent(traceparent(context)), context)
        assert.deepEqual(readB3(b3(context)), context)
      }),
    )
  })
})

test('a tracestate that is too long or has too many members is not passed on', () => {
  assert.equal(isTracestate('rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'), true)
  assert.equal(isTracestate('a=1,'.repeat(40)), false)
  assert.equal(isTracestate(`a=${'x'.repeat(600)}`), false)
  assert.equal(isTracestate('a=\x00'), false)
})

describe('B3', () => {
  for (const [text, read] of [
    [`${T}-${S}-1`, { traceId: T, spanId: S, sampled: true }],
    [`${T}-${S}-d`, { traceId: T, spanId: S, sampled: true }],
    [`${T}-${S}-0-${S}`, { traceId: T, spanId: S, sampled: false }],
    [`${T}-${S}`, { traceId: T, spanId: S, sampled: undefined }],
    [`${T.slice(16)}-${S}-1`, { traceId: `${'0'.repeat(16)}${T.slice(16)}`, spanId: S, sampled: true }],
    ['0', { sampled: false }],
    ['1', { sampled: true }],
    ['', undefined],
    ['x', undefined],
    [`${T}-${S}-2`, undefined],
    [`${T}-${S}-1-zz`, undefined],
    [`${T}-${S}-1-${S}-1`, undefined],
    [`${T}`, undefined],
    [`${T}-${'0'.repeat(16)}-1`, undefined],
  ] as const)
    test(`in one field "${text}"`, () => assert.deepEqual(readB3(text), read))

  const none = { traceId: undefined, spanId: undefined, sampled: undefined, flags: undefined }
  for (const [fields, read] of [
    [
      { traceId: T, spanId: S, sampled: '1' },
      { traceId: T, spanId: S, sampled: true },
    ],
    [
      { traceId: T.toUpperCase(), spanId: S, sampled: 'False' },
      { traceId: T, spanId: S, sampled: false },
    ],
    [
      { traceId: T, spanId: S, flags: '1' },
      { traceId: T, spanId: S, sampled: true },
    ],
    [
      { traceId: T, spanId: S },
      { traceId: T, spanId: S, sampled: undefined },
    ],
    [{ sampled: '0' }, { sampled: false }],
    [{ traceId: 'x', spanId: S, sampled: '1' }, undefined],
    [{}, undefined],
  ] as const)
    test(`in several fields ${JSON.stringify(fields)}`, () =>
      assert.deepEqual(readB3Fields({ ...none, ...fields }), read))
})
