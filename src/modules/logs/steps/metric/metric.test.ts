import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { prometheusText } from '../../../../wire/prometheus/exposition.ts'
import { processorOf } from '../../processor-fake.ts'
import { checkSteps, stepsSchema } from '../config.ts'

/** The lines of /metrics whose names begin with `shop_`. */
function exposed(config: object, lines: string): { lines: string[]; left: number } {
  const { process, registry } = processorOf({}, [{ metric: config }])
  const left = process(lines).count
  const text = prometheusText(registry.collect())
  return { lines: text.split('\n').filter(line => line.startsWith('shop_')), left }
}

describe('a metric of records', () => {
  it('counts them by labels', () => {
    const { lines, left } = exposed(
      { name: 'shop_orders_total', labels: { status: 'http.status', who: 'who' } },
      '{"http":{"status":200},"who":"a"}\n{"http":{"status":200},"who":"a"}\n{"http":{"status":"500"}}\n{"who":null}',
    )
    assert.deepEqual(lines, [
      'shop_orders_total{status="200",who="a"} 2',
      'shop_orders_total{status="500",who=""} 1',
      'shop_orders_total{status="",who=""} 1',
    ])
    assert.equal(left, 4)
  })

  it('adds up a field, and passes over what is no number or negative', () => {
    const { lines } = exposed(
      { name: 'shop_bytes_total', value: 'bytes' },
      '{"bytes":10}\n{"bytes":"2.5"}\n{"bytes":"x"}\n{"bytes":-1}\n{}\n{"bytes":true}\n{"bytes":"1e999"}',
    )
    assert.deepEqual(lines, ['shop_bytes_total 12.5'])
  })

  it('keeps the last value of a field', () => {
    const { lines } = exposed({ kind: 'gauge', name: 'shop_queue', value: 'n' }, '{"n":3}\n{"n":-1.5}')
    assert.deepEqual(lines, ['shop_queue -1.5'])
  })

  it('shows how values are spread, and can end the record', () => {
    const { lines, left } = exposed(
      { kind: 'histogram', name: 'shop_seconds', value: 's', buckets: [0.1, 1], dropRecord: true },
      '{"s":0.05}\n{"s":0.5}\n{"s":5}',
    )
    assert.deepEqual(lines, [
      'shop_seconds_bucket{le="0.1"} 1',
      'shop_seconds_bucket{le="1"} 2',
      'shop_seconds_bucket{le="+Inf"} 3',
      'shop_seconds_sum 5.55',
      'shop_seconds_count 3',
    ])
    assert.equal(left, 0)
  })

  it('has one series for all that is over its cap, and counts how often', () => {
    const { process, registry } = processorOf({}, [
      { metric: { name: 'shop_users_total', labels: { user: 'u' }, maxSeries: 2 } },
    ])
    process('{"u":"a"}\n{"u":"b"}\n{"u":"c"}\n{"u":"d"}')
    const text = prometheusText(registry.collect())
    assert.match(text, /^shop_users_total\{user="__overflow__"\} 2$/m)
    assert.match(text, /^outrigger_kernel_metric_overflows_total\{metric="shop_users_total"\} 2$/m)
  })

  for (const [config, message] of [
    [{ name: 'shop_errors_total', kind: 'gauge', value: 'v' }, /must not end in _total/],
    [{ name: 'outrigger_x_total' }, /are the sidecar's own/],
    [{ name: 'shop-errors_total' }, /cannot be the name of a metric/],
    [{ name: 'x_total', labels: { 'a-b': 'a' } }, /cannot be a label/],
    [{ kind: 'gauge', name: 'x' }, /a gauge needs the field/],
    [{ kind: 'gauge', name: 'x_sum', value: 'v' }, /must not end in _sum/],
    [{ kind: 'histogram', name: 'x', value: 'v', buckets: [1, 1] }, /must ascend/],
    [{ kind: 'histogram', name: 'x', value: 'v', labels: { le: 'a' } }, /label le of its own/],
    [{ name: 'x_total', value: 'a.' }, /is not a field/],
  ] as const)
    it(`is refused as ${JSON.stringify(config)}`, () => {
      const decoded = stepsSchema.decode([{ metric: config }])
      assert.ok(decoded.ok)
      assert.match(checkSteps(decoded.value, [])[0]?.message ?? '', message)
    })
})
