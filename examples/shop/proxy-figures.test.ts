import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proxyFigures, quantileMs } from './proxy-figures.ts'

const SERIES = 'listener="stock",route="",cluster="stock"'

function exposition(upTo1ms: number, upTo5ms: number, all: number): string {
  return `# TYPE outrigger_proxy_requests_total counter
outrigger_proxy_requests_total{${SERIES},class="2xx",failure=""} ${all - 1}
outrigger_proxy_requests_total{${SERIES},class="5xx",failure="timeout"} 1
outrigger_proxy_retries_total{${SERIES}} 4
outrigger_proxy_cluster_ejections_total{cluster="stock",cause="consecutive_errors"} 2
outrigger_proxy_request_duration_seconds_bucket{${SERIES},le="0.001"} ${upTo1ms}
outrigger_proxy_request_duration_seconds_bucket{${SERIES},le="0.005"} ${upTo5ms}
outrigger_proxy_request_duration_seconds_bucket{${SERIES},le="+Inf"} ${all}
outrigger_proxy_request_duration_seconds_sum{${SERIES}} 0.7
`
}

test('counts are summed over the series of a metric', () => {
  const { requests, retries, opened } = proxyFigures(exposition(90, 100, 100))
  assert.deepEqual({ requests, retries, opened }, { requests: 100, retries: 4, opened: 2 })
})

test('a metric without series counts 0', () => {
  assert.deepEqual(proxyFigures('outrigger_up 1\n'), { requests: 0, retries: 0, opened: 0, buckets: [] })
})

const nothing = proxyFigures('')
for (const [about, part, now, earlier, expected] of [
  ['in the middle of a bucket', 0.95, proxyFigures(exposition(90, 100, 100)), nothing, 3],
  [
    'only of the requests since the earlier look',
    0.5,
    proxyFigures(exposition(90, 200, 200)),
    proxyFigures(exposition(90, 100, 100)),
    3,
  ],
  ['the last bound where it lies beyond', 0.99, proxyFigures(exposition(0, 50, 100)), nothing, 5],
  ['none without requests', 0.99, nothing, nothing, undefined],
] as const)
  test(`a quantile of durations: ${about}`, () => assert.equal(quantileMs(part, now, earlier), expected))
