import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { prometheusText } from '../../wire/prometheus/exposition.ts'
import { OVERFLOW } from './family.ts'
import { registerProcessMetrics } from './process.ts'
import { Registry } from './registry.ts'

function lines(registry: Registry): string[] {
  return prometheusText(registry.collect())
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
}

describe('names', () => {
  const view = new Registry().view('logs')
  const bad: [kind: 'counter' | 'gauge' | 'histogram', name: string, labels: string[], message: RegExp][] = [
    ['counter', 'lines_read', [], /must end in _total/],
    ['gauge', 'lines_total', [], /must not end in _total/],
    ['histogram', 'latency_bucket', [], /must not end in _bucket/],
    ['gauge', 'LinesOpen', [], /snake_case/],
    ['gauge', 'lag_ms', [], /in seconds, not in ms/],
    ['counter', 'wait_milliseconds_total', [], /in seconds, not in milliseconds/],
    ['gauge', 'spool_mib', [], /in bytes, not in mib/],
    ['histogram', 'latency_seconds', ['le'], /"le" cannot be a label/],
    ['counter', 'lines_total', ['a', 'a'], /a label twice/],
    ['counter', 'lines_total', ['Path'], /"Path" cannot be a label/],
  ]
  for (const [kind, name, labels, message] of bad) {
    test(`a ${kind} may not be called ${name}{${labels}}`, () => {
      const make = () =>
        kind === 'histogram' ? view.histogram(name, '', [1], labels) : view[kind](name, '', labels)
      assert.throws(make, message)
    })
  }

  test('the module stands in front; the nameless view has no prefix', () => {
    const registry = new Registry()
    registry.view('logs').counter('lines_read_total', '').with().inc(2)
    registry.view('').gauge('process_open_fds', '').with().set(3)
    assert.deepEqual(lines(registry), ['outrigger_logs_lines_read_total 2', 'process_open_fds 3'])
  })
})

describe('series', () => {
  test('the same label values are the same series, in the order of the labels', () => {
    const registry = new Registry()
    const family = registry.view('x').counter('a_total', '', ['one', 'two'])
    family.with('a', 'bc').inc()
    family.with('ab', 'c').inc(5)
    family.with('a', 'bc').inc()
    assert.deepEqual(lines(registry), [
      'outrigger_x_a_total{one="a",two="bc"} 2',
      'outrigger_x_a_total{one="ab",two="c"} 5',
    ])
    family.remove('a', 'bc')
    assert.deepEqual(lines(registry), ['outrigger_x_a_total{one="ab",two="c"} 5'])
    assert.throws(() => family.with('a'), /has 2 labels, got 1 values/)
  })

  test('a counter only goes up', () => {
    const counter = new Registry().view('x').counter('a_total', '').with()
    assert.throws(() => counter.inc(-1), /only goes up/)
    assert.throws(() => counter.inc(Number.NaN), /only goes up/)
  })

  test('a histogram counts each value in the first bucket that holds it, and shows them cumulated', () => {
    const registry = new Registry()
    const histogram = registry.view('x').histogram('a_seconds', '', [0.1, 1]).with()
    for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(value)
    assert.deepEqual(lines(registry), [
      'outrigger_x_a_seconds_bucket{le="0.1"} 2',
      'outrigger_x_a_seconds_bucket{le="1"} 3',
      'outrigger_x_a_seconds_bucket{le="+Inf"} 4',
      'outrigger_x_a_seconds_sum 7.65',
      'outrigger_x_a_seconds_count 4',
    ])
    assert.throws(() => registry.view('x').histogram('b_seconds', '', [1, 1]), /ascending/)
  })

  test('over the cap all further series share one, and that is counted', () => {
    const registry = new Registry({ maxSeries: 2 })
    const family = registry.view('x').counter('a_total', '', ['path'])
    for (const path of ['a', 'b', 'c', 'd', 'c']) family.with(path).inc()
    assert.deepEqual(lines(registry), [
      'outrigger_kernel_metric_overflows_total{metric="outrigger_x_a_total"} 3',
      'outrigger_x_a_total{path="a"} 1',
      'outrigger_x_a_total{path="b"} 1',
      `outrigger_x_a_total{path="${OVERFLOW}"} 3`,
    ])
  })

  test('an increment of a bound series allocates nothing', () => {
    const view = new Registry().view('x')
    const counter = view.counter('a_total', '', ['path']).with('/')
    const gauge = view.gauge('b_bytes', '').with()
    const histogram = view.histogram('c_seconds', '', [0.001, 0.01, 0.1]).with()
    const work = (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        counter.inc()
        counter.inc(0.5)
        gauge.set(i * 0.5)
        gauge.inc()
        histogram.observe(0.05)
      }
    }
    work(200_000)
    const growth = Array.from({ length: 5 }, () => {
      const before = process.memoryUsage().heapUsed
      work(200_000)
      return process.memoryUsage().heapUsed - before
    })
    // A million calls; one object each would be at least 16 MB. A collection in between shows as negative growth.
    assert.ok(Math.max(...growth) < 200_000, `grew by ${growth.join(', ')} bytes`)
  })
})

describe('a module that is replaced', () => {
  test('goes on counting where it was, and leaves no gauges and no collectors of the old instance', () => {
    const registry = new Registry()
    const old = registry.view('logs')
    old.counter('a_total', '').with().inc(3)
    old.gauge('open_files', '', ['path']).with('gone').set(1)
    let collected = 0
    old.onCollect(() => collected++)
    old[Symbol.dispose]()
    const next = registry.view('logs')
    next.counter('a_total', '').with().inc()
    next.gauge('open_files', '', ['path']).with('here').set(1)
    assert.deepEqual(lines(registry), [
      'outrigger_logs_a_total 4',
      'outrigger_logs_open_files{path="here"} 1',
    ])
    assert.equal(collected, 0)
  })

  test('may define a metric anew only once the old instance is gone', () => {
    const registry = new Registry()
    const old = registry.view('logs')
    old.counter('a_total', '', ['path'])
    assert.throws(() => registry.view('logs').counter('a_total', ''), /exists already/)
    old[Symbol.dispose]()
    registry.view('logs').counter('a_total', '').with().inc()
    assert.deepEqual(lines(registry), ['outrigger_logs_a_total 1'])
  })

  test('is forgotten altogether when the configuration names it no more', () => {
    const registry = new Registry()
    registry.view('logs').counter('a_total', '').with().inc()
    registry.forget('logs')
    assert.deepEqual(lines(registry), [])
  })
})

test('values that are cheaper to read than to keep are asked for before each exposition', () => {
  const registry = new Registry()
  const view = registry.view('x')
  const gauge = view.gauge('queue_bytes', '').with()
  let queue = 1
  view.onCollect(() => gauge.set(queue++))
  assert.deepEqual(
    [lines(registry), lines(registry)],
    [['outrigger_x_queue_bytes 1'], ['outrigger_x_queue_bytes 2']],
  )
})

test('a counter may be called by its user without _total', () => {
  const registry = new Registry()
  const { counter } = registry.view('x').named({ maxSeries: 1 })
  counter('orders', 'Orders.').with().inc(2)
  counter('orders_total', 'All orders.').with().inc(3)
  assert.deepEqual(lines(registry), ['orders 2', 'orders_total 3'])
})

test('families that somebody else counts stand among our own until their module goes, and never in place of one', () => {
  const registry = new Registry()
  registry.view('x').counter('a_total', '').with().inc(3)
  const view = registry.view('y')
  const gauge = (name: string, value: number) =>
    ({ name, type: 'gauge', help: '', samples: [{ suffix: '', labels: [], value }] }) as const
  view.contribute(own => [gauge('own_families', own.length), gauge('outrigger_x_a', 7)])
  assert.deepEqual(lines(registry), ['outrigger_x_a_total 3', 'own_families 1'])
  view[Symbol.dispose]()
  assert.deepEqual(lines(registry), ['outrigger_x_a_total 3'])
})

test('the process shows itself under the usual names', {
  skip: process.platform !== 'linux' && 'there is no /proc',
}, () => {
  const registry = new Registry()
  registerProcessMetrics(registry.view(''))
  const values = new Map(lines(registry).map(line => line.split(' ') as [string, string]))
  for (const name of [
    'cpu_seconds_total',
    'resident_memory_bytes',
    'private_memory_bytes',
    'virtual_memory_bytes',
    'open_fds',
    'max_fds',
    'start_time_seconds',
  ]) {
    assert.ok(Number(values.get(`process_${name}`)) > 0, name)
  }
  const started = Number(values.get('process_start_time_seconds'))
  assert.ok(Math.abs(Date.now() / 1000 - process.uptime() - started) < 2)
  assert.ok(
    Number(values.get('process_private_memory_bytes')) < Number(values.get('process_resident_memory_bytes')),
  )
})
