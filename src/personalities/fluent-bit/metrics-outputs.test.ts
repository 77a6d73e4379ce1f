import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withOwnMetricNames } from './metrics-outputs.ts'

test('who goes on with our configuration gets our own names of what Fluent Bit tells of itself', () => {
  const configuration = (names: readonly string[]) => ({
    log: { level: 'info' },
    metrics: { outputs: [{ prometheus: { listen: '0.0.0.0:2021', names } }] },
  })
  assert.deepEqual(
    withOwnMetricNames(configuration(['fluentbit_*', 'log_metric_counter_a'])),
    configuration(['outrigger_*', 'process_*', 'log_metric_counter_a']),
  )
  assert.equal(withOwnMetricNames(configuration(['log_metric_counter_a'])), undefined)
  assert.equal(withOwnMetricNames({ log: { level: 'info' } }), undefined)
})
