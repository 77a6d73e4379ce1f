import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Label, MetricFamily } from '../../../wire/prometheus/family.ts'
import { countersOf } from './counters.ts'
import { metricsDocument, storageDocument } from './documents.ts'
import { prometheusV1, prometheusV2, textV2 } from './exposition.ts'

const family = (
  name: string,
  ...samples: [labels: Record<string, string>, value: number][]
): MetricFamily => ({
  name: `outrigger_${name}`,
  type: 'counter',
  help: '',
  samples: samples.map(([labels, value]) => ({
    suffix: '_total',
    labels: Object.entries(labels) as unknown as readonly Label[],
    value,
  })),
})

const counters = countersOf(
  [
    family('logs_input_records', [{ input: 'web' }, 12], [{ input: 'other' }, 3]),
    family('logs_input_bytes', [{ input: 'web' }, 340]),
    family('logs_tail_opened_files', [{ input: 'web' }, 5]),
    family('logs_tail_open_files', [{ input: 'web' }, 2]),
    family('logs_tail_rotated_files', [{ input: 'web' }, 1]),
    family(
      'logs_dropped_records',
      [{ input: 'web', reason: 'steps[1] drop' }, 4],
      [{ input: 'web', reason: 'steps[2] drop' }, 1],
    ),
    family('logs_delivered_records', [{ output: 'es.0' }, 7]),
    family('logs_delivered_bytes', [{ output: 'es.0' }, 200]),
    family(
      'logs_sends',
      [{ output: 'es.0', outcome: 'done' }, 9],
      [{ output: 'es.0', outcome: 'failed' }, 2],
      [{ output: 'es.0', outcome: 'partial' }, 1],
    ),
    family('logs_dead_lettered_records', [{ output: 'es.0', reason: 'given_up' }, 1]),
    family('logs_retried_records', [{ output: 'es.0' }, 6]),
    family('logs_spool_frames', [{}, 8]),
    family('kernel_log_messages', [{ level: 'warn' }, 2]),
    family('metrics_sends', [{ output: 'remote', outcome: 'rejected' }, 1]),
    family('metrics_sent_samples', [{ output: 'remote' }, 50]),
    family('metrics_dropped_samples', [{ output: 'remote', reason: 'rejected' }, 10]),
  ],
  {
    inputs: [
      { name: 'web', plugin: 'tail' },
      { name: 'other', plugin: 'http' },
    ],
    filters: [
      { name: 'modify.0', plugin: 'modify', steps: 1 },
      { name: 'grep.0', plugin: 'grep', steps: 2 },
    ],
    outputs: [
      { name: 'es.0', plugin: 'es' },
      { name: 'remote', plugin: 'prometheus_remote_write' },
    ],
  },
)
const facts = { startedAtMs: 1_700_000_000_000, uptimeMs: 61_500, hostname: 'box', reloads: 2 }

test('/api/v1/metrics has the counters of each plugin', () => {
  const output = {
    proc_records: 0,
    proc_bytes: 0,
    errors: 0,
    retries: 0,
    retries_failed: 0,
    dropped_records: 0,
  }
  assert.deepEqual(metricsDocument(counters), {
    input: {
      web: { records: 12, bytes: 340, files_opened: 5, files_closed: 3, files_rotated: 1 },
      other: { records: 3, bytes: 0 },
    },
    filter: {
      'modify.0': { drop_records: 0, add_records: 0 },
      'grep.0': { drop_records: 5, add_records: 0 },
    },
    output: {
      'es.0': {
        proc_records: 7,
        proc_bytes: 200,
        errors: 3,
        retries: 2,
        retries_failed: 1,
        dropped_records: 1,
        retried_records: 6,
      },
      remote: { ...output, proc_records: 50, errors: 1, dropped_records: 10, retried_records: 0 },
    },
  })
})

test('/api/v1/storage counts frames of the spool as chunks', () => {
  const { storage_layer } = storageDocument(counters) as { storage_layer: { chunks: object } }
  assert.deepEqual(storage_layer.chunks, {
    total_chunks: 8,
    mem_chunks: 0,
    fs_chunks: 8,
    fs_chunks_up: 0,
    fs_chunks_down: 8,
  })
})

test('/api/v1/metrics/prometheus has plugins with times, sorted, and the process behind them', () => {
  const text = prometheusV1(counters, facts)
  const values = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  assert.equal(values[0], 'fluentbit_filter_add_records_total{name="modify.0"} 0 1700000061500')
  assert.deepEqual(values.slice(-3), [
    'fluentbit_uptime 61',
    'process_start_time_seconds 1700000000',
    'fluentbit_build_info{version="5.0.9",edition="Outrigger"} 1',
  ])
  assert.match(text, /^# TYPE fluentbit_uptime counter$/m)
  assert.ok(values.includes('fluentbit_input_records_total{name="web"} 12 1700000061500'))
})

test('/api/v2 tells more, each thing once, and of the process with its host', () => {
  const text = prometheusV2(counters, facts)
  for (const line of [
    'fluentbit_uptime{hostname="box"} 61',
    'fluentbit_logger_logs_total{message_type="warn"} 2',
    'fluentbit_input_files_closed_total{name="web"} 3',
    'fluentbit_output_dropped_records_total{name="remote"} 10',
    'fluentbit_process_start_time_seconds{hostname="box"} 1700000000',
    'fluentbit_build_info{hostname="box",version="5.0.9",os="linux"} 1700000000',
    'fluentbit_hot_reloaded_times{hostname="box"} 2',
    'fluentbit_storage_fs_chunks_down 8',
    'fluentbit_input_storage_overlimit{name="other"} 0',
    'fluentbit_output_upstream_busy_connections{name="es.0"} 0',
  ])
    assert.ok(text.includes(`\n${line}\n`), line)
  const headers = text.match(/^# TYPE \S+/gm)!
  assert.equal(new Set(headers).size, headers.length)
  assert.match(
    textV2(counters, facts),
    /^2023-11-14T22:14:21\.500000000Z fluentbit_input_records_total\{name="web"\} = 12$/m,
  )
})
