import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { Registry } from '../../../../kernel/metrics/registry.ts'
import { checkHedging, hedgingConfig } from './config.ts'
import { Hedging } from './hedging.ts'
import { LatencyQuantile } from './latency-quantile.ts'

function configOf(config: object) {
  const decoded = hedgingConfig.decode(config)
  assert.ok(decoded.ok)
  return decoded.value!
}

function hedging(config: object): Hedging {
  const counter = new Registry().view('test').counter('hedges_total', 'Second tries.').with()
  return new Hedging(configOf(config), new FakeClock(), () => counter)
}

describe('a quantile of latencies', () => {
  for (const [share, expected] of [
    [0.5, 500],
    [0.9, 900],
    [0.99, 990],
  ] as const)
    it(`finds the ${share * 100}th percentile to within a tenth`, () => {
      const quantile = new LatencyQuantile(share)
      for (let at = 0; at < 1000; at++) quantile.observe((at * 7919) % 1000)
      const value = quantile.valueMs()
      assert.ok(value >= expected * 0.99 && value <= expected * 1.1, `${value}`)
    })

  it('follows what changes: old samples weigh less and less', () => {
    const quantile = new LatencyQuantile(0.5)
    for (let at = 0; at < 5000; at++) quantile.observe(1)
    for (let at = 0; at < 2000; at++) quantile.observe(100)
    assert.ok(quantile.valueMs() >= 100)
  })

  for (const strange of [0, -1, 1e9, Number.POSITIVE_INFINITY])
    it(`takes ${strange} ms`, () => {
      const quantile = new LatencyQuantile(0.5)
      quantile.observe(strange)
      assert.ok(Number.isFinite(quantile.valueMs()))
    })
})

describe('hedging', () => {
  it('waits as long as it is told', () => assert.equal(hedging({ delay: '50ms' }).delayMs(), 50))

  it('by percentile begins when enough is known, and never waits less than its minimum', () => {
    const one = hedging({ percentile: 95, minDelay: '10ms' })
    for (let at = 0; at < 99; at++) one.observe(1)
    assert.equal(one.delayMs(), undefined)
    one.observe(1)
    assert.equal(one.delayMs(), 10)
    for (let at = 0; at < 3000; at++) one.observe(at % 10 === 0 ? 200 : 1)
    // The value is renewed every 32nd time.
    for (let at = 0; at < 32; at++) one.delayMs()
    assert.ok(one.delayMs()! >= 200 && one.delayMs()! < 220)
  })

  for (const [config, got] of [
    [{}, 'none'],
    [{ delay: '1ms', percentile: 95 }, 'both'],
  ] as const)
    it(`wants a delay or a percentile: ${got}`, () =>
      assert.match(checkHedging(configOf(config))[0]!.message, new RegExp(`got ${got}`)))
})
