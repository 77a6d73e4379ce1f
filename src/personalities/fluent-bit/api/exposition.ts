import { prometheusText } from '../../../wire/prometheus/exposition.ts'
import type { MetricFamily, Sample } from '../../../wire/prometheus/family.ts'
import { metricLines } from '../../../wire/prometheus/lines.ts'
import { FLUENT_BIT_VERSION } from '../version.ts'
import type { Counters } from './counters.ts'

export interface ProcessFacts {
  readonly startedAtMs: number
  readonly uptimeMs: number
  readonly hostname: string
  readonly reloads: number
}

/** `/api/v1/metrics/prometheus`: values of plugins with their time, then those of the process. */
export function prometheusV1(counters: Counters, facts: ProcessFacts): string {
  const timeMs = facts.startedAtMs + facts.uptimeMs
  const plugins = pluginCounters(counters).map(family => ({
    ...family,
    samples: family.samples.map(sample => ({ ...sample, timeMs })),
  }))
  return prometheusText([
    ...plugins.sort((a, b) => (a.name < b.name ? -1 : 1)),
    bareCounter('fluentbit_uptime', 'Number of seconds that Fluent Bit has been running.', [
      { labels: {}, value: uptimeSeconds(facts) },
    ]),
    gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', [
      { labels: {}, value: startSeconds(facts) },
    ]),
    gauge('fluentbit_build_info', 'Build version information.', [
      { labels: { version: FLUENT_BIT_VERSION, edition: 'Outrigger' }, value: 1 },
    ]),
  ])
}

/** `/api/v2/metrics/prometheus` */
export function prometheusV2(counters: Counters, facts: ProcessFacts): string {
  return prometheusText(metricsV2(counters, facts))
}

/** `/api/v2/metrics` */
export function textV2(counters: Counters, facts: ProcessFacts): string {
  return metricLines(metricsV2(counters, facts), facts.startedAtMs + facts.uptimeMs)
}

/** What `/api/v2` tells, and the input fluentbit_metrics gives. */
export function metricsV2(counters: Counters, facts: ProcessFacts): MetricFamily[] {
  const host = { hostname: facts.hostname }
  const ofProcess = (value: number, labels = {}): Series[] => [{ labels: { ...host, ...labels }, value }]
  return [
    bareCounter(
      'fluentbit_uptime',
      'Number of seconds that Fluent Bit has been running.',
      ofProcess(uptimeSeconds(facts)),
    ),
    counter('fluentbit_logger_logs', 'Total number of logs.', messages(counters)),
    ...pluginCounters(counters),
    ...bufferCounters(counters),
    gauge(
      'fluentbit_process_start_time_seconds',
      'Start time of the process since unix epoch in seconds.',
      ofProcess(startSeconds(facts)),
    ),
    gauge(
      'fluentbit_build_info',
      'Build version information.',
      ofProcess(startSeconds(facts), { version: FLUENT_BIT_VERSION, os: 'linux' }),
    ),
    gauge(
      'fluentbit_hot_reloaded_times',
      'Collect the count of hot reloaded times.',
      ofProcess(facts.reloads),
    ),
    ...storageGauges(counters),
    ...connectionGauges(counters),
  ].filter(({ samples }) => samples.length > 0)
}

interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const INPUTS = [
  ['records', 'Number of input records.'],
  ['bytes', 'Number of input bytes.'],
  ['files_opened', 'Total number of opened files'],
  ['files_closed', 'Total number of closed files'],
  ['files_rotated', 'Total number of rotated files'],
] as const

const FILTERS = [
  ['drop_records', 'Number of dropped records.'],
  ['add_records', 'Number of added records.'],
] as const

const OUTPUTS = [
  ['proc_records', 'Number of processed output records.'],
  ['proc_bytes', 'Number of processed output bytes.'],
  ['errors', 'Number of output errors.'],
  ['retries', 'Number of output retries.'],
  ['retries_failed', 'Number of abandoned batches because the maximum number of re-tries was reached.'],
  ['dropped_records', 'Number of dropped records.'],
  ['retried_records', 'Number of retried records.'],
] as const

/** `fluentbit_<kind>_<key>_total{name="<plugin>"}`: what v1 and v2 have in common. */
function pluginCounters({ inputs, filters, outputs }: Counters): MetricFamily[] {
  const table = <Key extends string>(
    kind: string,
    rows: readonly (readonly [key: Key, help: string])[],
    plugins: readonly ({ readonly name: string } & { readonly [K in Key]?: number })[],
  ) =>
    rows.map(([key, help]) =>
      counter(
        `fluentbit_${kind}_${key}`,
        help,
        plugins.flatMap(plugin => {
          const value = plugin[key]
          return value === undefined ? [] : [{ labels: { name: plugin.name }, value }]
        }),
      ),
    )
  return [
    ...table('input', INPUTS, inputs),
    ...table('filter', FILTERS, filters),
    ...table('output', OUTPUTS, outputs),
  ].filter(({ samples }) => samples.length > 0)
}

function messages(counters: Counters): Series[] {
  return Object.entries(counters.messages).map(([message_type, value]) => ({
    labels: { message_type },
    value,
  }))
}

/** There are no ring buffers between threads. */
function bufferCounters({ inputs }: Counters): MetricFamily[] {
  const rows = [
    ['writes', 'Number of ring buffer writes.'],
    ['retries', 'Number of ring buffer retries.'],
    ['retry_failures', 'Number of ring buffer retry failures.'],
  ]
  return rows.map(([key, help]) =>
    counter(
      `fluentbit_input_ring_buffer_${key}`,
      help,
      inputs.map(({ name }) => ({ labels: { name }, value: 0 })),
    ),
  )
}

/** A frame of the spool is what a chunk is there; all of them are on the disk, and none belongs to an input. */
function storageGauges({ inputs, storage: { frames, blocked } }: Counters): MetricFamily[] {
  const ofLayer = [
    ['chunks', 'Total number of chunks in the storage layer.', frames],
    ['mem_chunks', 'Total number of memory chunks.', 0],
    ['fs_chunks', 'Total number of filesystem chunks.', frames],
    ['fs_chunks_up', 'Total number of filesystem chunks up in memory.', 0],
    ['fs_chunks_down', 'Total number of filesystem chunks down.', frames],
    ['fs_chunks_busy', 'Total number of filesystem chunks in a busy state.', 0],
    ['fs_chunks_busy_bytes', 'Total bytes of filesystem chunks in a busy state.', 0],
  ] as const
  const ofInputs = [
    ['ingestion_paused', 'Is the input paused or not?', blocked ? 1 : 0],
    ['storage_overlimit', 'Is the input memory usage overlimit?', blocked ? 1 : 0],
    ['storage_memory_bytes', 'Memory bytes used by the chunks.', 0],
    ['storage_chunks', 'Total number of chunks.', 0],
    ['storage_chunks_up', 'Total number of chunks up in memory.', 0],
    ['storage_chunks_down', 'Total number of chunks down.', 0],
    ['storage_chunks_busy', 'Total number of chunks in a busy state.', 0],
    ['storage_chunks_busy_bytes', 'Total number of bytes used by chunks in a busy state.', 0],
  ] as const
  return [
    ...ofLayer.map(([key, help, value]) => gauge(`fluentbit_storage_${key}`, help, [{ labels: {}, value }])),
    ...ofInputs.map(([key, help, value]) =>
      gauge(
        `fluentbit_input_${key}`,
        help,
        inputs.map(({ name }) => ({ labels: { name }, value })),
      ),
    ),
  ]
}

/** Of connections only those are known that something is sent on. */
function connectionGauges({ busy }: Counters): MetricFamily[] {
  const series = busy.map(({ name, sends }) => ({ labels: { name }, value: sends }))
  return [
    gauge('fluentbit_output_upstream_total_connections', 'Total Connection count.', series),
    gauge('fluentbit_output_upstream_busy_connections', 'Busy Connection count.', series),
  ]
}

function uptimeSeconds({ uptimeMs }: ProcessFacts): number {
  return Math.floor(uptimeMs / 1000)
}

function startSeconds({ startedAtMs }: ProcessFacts): number {
  return Math.floor(startedAtMs / 1000)
}

function counter(name: string, help: string, series: readonly Series[]): MetricFamily {
  return { name, type: 'counter', help, samples: series.map(each => sample(each, '_total')) }
}

function bareCounter(name: string, help: string, series: readonly Series[]): MetricFamily {
  return { name, type: 'counter', help, samples: series.map(each => sample(each, '')) }
}

function gauge(name: string, help: string, series: readonly Series[]): MetricFamily {
  return { name, type: 'gauge', help, samples: series.map(each => sample(each, '')) }
}

function sample({ labels, value }: Series, suffix: Sample['suffix']): Sample {
  return { suffix, labels: Object.entries(labels), value }
}
