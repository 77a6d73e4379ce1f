import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { JsonRecord } from '../../../wire/json/record.ts'
import { recordsOf } from '../lines-fake.ts'
import { processorOf } from '../processor-fake.ts'
import { hashText } from './hash.ts'
import { sampleStep } from './sample/step.ts'
import type { StepEvent } from './step.ts'
import { throttleStep } from './throttle/step.ts'

const lines = (count: number, line: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => line(n)).join('\n')
const event = {} as StepEvent

function recordOf(value: object): JsonRecord {
  const record = new JsonRecord()
  const bytes = Buffer.from(JSON.stringify(value))
  assert.ok(record.open(bytes, 0, bytes.length))
  return record
}

describe('sampling', () => {
  it('keeps about the part that was asked for', () => {
    const { process, metric } = processorOf({}, [{ sample: { rate: 0.2, by: 'id' } }])
    const { count } = process(lines(10_000, n => `{"id":"trace-${n}"}`))
    assert.ok(count > 1800 && count < 2200, `${count} of 10,000`)
    assert.equal(metric('dropped_records_total', { reason: 'steps[0].sample' }), 10_000 - count)
  })

  it('keeps or drops all records of a trace, in every sidecar', () => {
    const text = lines(100, n => `{"n":${n},"id":"trace-${n % 10}"}`)
    const [one, other] = [0, 1].map(() =>
      recordsOf(processorOf({}, [{ sample: { rate: 0.5, by: 'id' } }]).process(text)),
    )
    assert.deepEqual(one, other)
    assert.equal(one.length % 10, 0)
  })

  it('keeps what meets the condition, whatever its lot', () => {
    const { process } = processorOf({}, [{ sample: { rate: 0, keep: 'level == "error"' } }])
    assert.deepEqual(recordsOf(process('{"level":"info"}\n{"level":"error"}')), ['{"level":"error"}'])
  })

  it('draws lots for records without the field', () => {
    const lots = [0.1, 0.9]
    const step = sampleStep({ rate: 0.5, by: 'id' }, { inc: () => {} }, () => lots.shift() ?? 1)
    assert.deepEqual([step(recordOf({}), event), step(recordOf({}), event)], [true, false])
  })

  it('spreads similar texts evenly', () => {
    const buckets = new Array<number>(16).fill(0)
    for (let n = 0; n < 16_000; n++) buckets[hashText(`id-${n}`) >>> 28]++
    assert.ok(Math.min(...buckets) > 850 && Math.max(...buckets) < 1150, `${buckets}`)
  })
})

describe('throttling', () => {
  const config = { records: 2, intervalMs: 1000, by: ['service'], maxKeys: 2 }

  it('lets so many pass, for each key, and more as time goes by', () => {
    const clock = new FakeClock()
    let dropped = 0
    const step = throttleStep(config, clock, { inc: () => void dropped++ })
    const passes = (service: string) => step(recordOf({ service }), event)
    assert.deepEqual([passes('a'), passes('a'), passes('a'), passes('b')], [true, true, false, true])
    clock.advance(500)
    assert.deepEqual([passes('a'), passes('a')], [true, false])
    assert.equal(dropped, 2)
  })

  it('forgets the key that was quiet for longest', () => {
    const step = throttleStep(config, new FakeClock(), { inc: () => {} })
    const passes = (service: string) => step(recordOf({ service }), event)
    assert.deepEqual([passes('a'), passes('a'), passes('b'), passes('a')], [true, true, true, false])
    passes('c')
    assert.deepEqual([passes('a'), passes('b')], [false, true], 'b was the quiet one')
  })

  it('lets what meets the condition pass', () => {
    const { process } = processorOf({}, [{ throttle: { records: 1, keep: 'level == "error"' } }])
    const { count } = process('{"level":"error"}\n{"level":"error"}\n{"level":"info"}\n{"level":"info"}')
    assert.equal(count, 3)
  })
})

describe('deduplication', () => {
  it('drops what came already, and counts it in the next that passes', () => {
    const { process, metric, clock } = processorOf({}, [
      { dedupe: { by: ['message'], window: '1s', countField: 'repeated' } },
    ])
    assert.deepEqual(
      recordsOf(process('{"message":"a","n":1}\n{"message":"a","n":2}\n{"message":"b","n":3}')),
      ['{"message":"a","n":1}', '{"message":"b","n":3}'],
    )
    clock.advance(1000)
    assert.deepEqual(recordsOf(process('{"message":"a","n":4}\n{"message":"b","n":5}')), [
      '{"message":"a","n":4,"repeated":1}',
      '{"message":"b","n":5}',
    ])
    assert.equal(metric('dropped_records_total', { reason: 'steps[0].dedupe' }), 1)
  })

  it('compares whole records without fields to go by, long ones and edited ones too', () => {
    const long = `{"message":"${'x'.repeat(200)}"}`
    const { process } = processorOf({}, [{ add: { fields: { a: 1 } } }, { dedupe: {} }])
    assert.equal(process(`${long}\n${long}\n{"message":"y"}`).count, 2)
  })

  it('tells a text from a number, and a missing field from an empty one', () => {
    const { process } = processorOf({}, [{ dedupe: { by: ['a', 'b'] } }])
    assert.equal(process('{"a":"1"}\n{"a":1}\n{"a":1,"b":""}\n{"a":"","b":"1"}\n{"b":"1"}').count, 5)
  })

  it('remembers only so many', () => {
    const { process } = processorOf({}, [{ dedupe: { by: ['n'], maxKeys: 2 } }])
    assert.equal(process('{"n":1}\n{"n":2}\n{"n":3}\n{"n":1}').count, 4)
  })
})
