import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Slice } from '../../batch.ts'
import { fakeSlice, recordsOf } from '../output-fakes.ts'
import { Events, putRules } from './events.ts'

const hour = 60 * 60 * 1000

function collect(slices: readonly Slice[], field?: string, maxEventBytes: number = putRules.maxBytes) {
  const events = new Events(field, maxEventBytes)
  for (const slice of slices) events.add(slice)
  const calls = events
    .calls()
    .map(call => ({ ...call, events: JSON.parse(call.events) as { timestamp: number; message: string }[] }))
  return { events, calls }
}

describe('the events of a PutLogEvents call', () => {
  test('are the records as JSON text, with their time', () => {
    const { calls } = collect([fakeSlice(['{"a":"\\"ü\\""}'], { timeMs: 5 })])
    assert.deepEqual(calls, [{ ordinals: [0], events: [{ timestamp: 5, message: '{"a":"\\"ü\\""}' }] }])
  })

  test('ascend in time; those of one moment keep their order', () => {
    const { calls } = collect([fakeSlice(['0', '1', '2', '3'], { timesMs: [5, 3, 5, 3] })])
    assert.deepEqual(calls[0].ordinals, [1, 3, 0, 2])
    assert.deepEqual(
      calls[0].events.map(({ timestamp }) => timestamp),
      [3, 3, 5, 5],
    )
  })

  const messages = [
    { record: '{"m":"a \\"b\\" \\u00fc"}', message: 'a "b" ü' },
    { record: '{"m":5}', message: '5' },
    { record: '{"m":{"x":[1]}}', message: '{"x":[1]}' },
    { record: '{"m":""}', message: '{"m":""}' },
    { record: '{"n":"x"}', message: '{"n":"x"}' },
  ]
  for (const { record, message } of messages) {
    test(`have ${message} as the message of ${record}`, () => {
      const { calls } = collect([fakeSlice([record])], 'm')
      assert.equal(calls[0].events[0].message, message)
    })
  }

  test('never span more than 24 hours', () => {
    const times = [0, 24 * hour, 24 * hour + 1, 48 * hour + 1, 48 * hour + 2]
    const { calls } = collect([fakeSlice(['0', '1', '2', '3', '4'], { timesMs: times })])
    assert.deepEqual(
      calls.map(({ ordinals }) => ordinals),
      [[0, 1], [2, 3], [4]],
    )
  })

  test('are never more than 10,000', () => {
    const { calls } = collect([fakeSlice(Array(10_001).fill('{}'), { timesMs: Array(10_001).fill(1) })])
    assert.deepEqual(
      calls.map(({ ordinals }) => ordinals.length),
      [10_000, 1],
    )
  })

  test('fill a call to its last byte, 26 of them an event', () => {
    const half = putRules.maxBytes / 2 - 26
    const exact = collect([fakeSlice(['x'.repeat(half), 'x'.repeat(half)])])
    assert.equal(exact.calls.length, 1)
    const over = collect([fakeSlice(['x'.repeat(half), 'x'.repeat(half + 1)])])
    assert.equal(over.calls.length, 2)
  })

  const sizes = [
    { what: 'the limit', record: '{"m":"12345"}', limit: 5, tooLarge: 0 },
    { what: 'one byte more', record: '{"m":"123456"}', limit: 5, tooLarge: 1 },
    { what: 'escapes by what they stand for', record: '{"m":"\\u00fc\\n34"}', limit: 5, tooLarge: 0 },
    { what: 'UTF-8 by its bytes', record: '{"m":"€€"}', limit: 5, tooLarge: 1 },
    { what: 'the whole record without the field', record: '{"other":1}', limit: 5, tooLarge: 1 },
  ]
  for (const { what, record, limit, tooLarge } of sizes) {
    test(`are measured: ${what}`, () => {
      const { events, calls } = collect([fakeSlice([record])], 'm', limit)
      assert.equal(events.tooLarge.length, tooLarge)
      assert.equal(calls.length, 1 - tooLarge)
    })
  }

  test('hold the replacement character for what is not UTF-8, counted and measured', () => {
    const record = Buffer.from([0x22, 0xff, 0x22])
    const { events, calls } = collect([fakeSlice([record, '1'])])
    assert.equal(events.replaced, 1)
    assert.equal(calls[0].events[0].message, '"\ufffd"')
  })

  test('are, for any records, all of them once, and keep every rule', () => {
    const record = fc.record({ text: fc.string({ unit: 'binary' }), timeMs: fc.nat(40 * hour) })
    fc.assert(
      fc.property(fc.array(record, { minLength: 1 }), records => {
        const slice = fakeSlice(
          records.map(({ text }) => ({ text })),
          { timesMs: records.map(({ timeMs }) => timeMs) },
        )
        const { calls } = collect([slice])
        const texts = recordsOf([slice])
        for (const { ordinals, events } of calls) {
          assert.deepEqual(
            events.map(({ message }) => message),
            ordinals.map(i => texts[i]),
          )
          const times = events.map(({ timestamp }) => timestamp)
          assert.deepEqual(
            times,
            [...times].sort((a, b) => a - b),
          )
          assert.ok(times.at(-1)! - times[0] <= putRules.maxSpanMs)
        }
        const all = calls.flatMap(({ ordinals }) => ordinals).sort((a, b) => a - b)
        assert.deepEqual(all, [...texts.keys()])
      }),
    )
  })
})
