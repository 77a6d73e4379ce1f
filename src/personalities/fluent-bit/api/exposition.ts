import { prometheusText } from '../../../wire/prometheus/exposition.ts'
import type { MetricFamily, Sample } from '../../../wire/prometheus/family.ts'
import { FLUENT_BIT_VERSION } from '../version.ts'
import type { Counters } from './counters.ts'

export interface ProcessFacts {
  readonly startedAtMs: number
  readonly uptimeMs: number
  readonly hostname: string
  readonly reloads: number
}

interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** `/api/v1/metrics/prometheus`, and the same for v2, which knows more of them and labels the process with its host. */
export function prometheusDocument(counters: Counters, facts: ProcessFacts, version: 1 | 2): string {
  return prometheusText(familiesOf(counters, facts, version))
}

/** `/api/v2/metrics`: `name{label="value"} = 1`, a line for each. */
export function textDocument(counters: Counters, facts: ProcessFacts): string {
  const time = new Date(facts.startedAtMs + facts.uptimeMs).toISOString().replace('Z', '000000Z')
  return familiesOf(counters, facts, 2)
    .flatMap(({ name, samples }) =>
      samples.map(({ suffix, labels, value }) => {
        const pairs = labels.map(([label, text]) => `${label}=${JSON.stringify(text)}`).join(',')
        return `${time} ${name}${suffix}${pairs === '' ? '' : `{${pairs}}`} = ${value}\n`
      }),
    )
    .join('')
}

function familiesOf(counters: Counters, facts: ProcessFacts, version: 1 | 2): MetricFamily[] {
  const { inputs, filters, outputs, storage } = counters
  const of = <T extends { readonly name: string }>(
    list: readonly T[],
    value: (each: T) => number,
  ): Series[] => list.map(each => ({ labels: { name: each.name }, value: value(each) }))
  const host = version === 2 ? { hostname: facts.hostname } : {}
  const v1: MetricFamily[] = [
    counter(
      'fluentbit_input_records',
      'Number of input records.',
      of(inputs, ({ records }) => records),
    ),
    counter(
      'fluentbit_input_bytes',
      'Number of input bytes.',
      of(inputs, ({ bytes }) => bytes),
    ),
    counter(
      'fluentbit_filter_drop_records',
      'Number of dropped records.',
      of(filters, each => each.drop_records),
    ),
    counter(
      'fluentbit_filter_add_records',
      'Number of added records.',
      of(filters, each => each.add_records),
    ),
    counter(
      'fluentbit_output_proc_records',
      'Number of processed output records.',
      of(outputs, each => each.proc_records),
    ),
    counter(
      'fluentbit_output_proc_bytes',
      'Number of processed output bytes.',
      of(outputs, each => each.proc_bytes),
    ),
    counter(
      'fluentbit_output_errors',
      'Number of output errors.',
      of(outputs, each => each.errors),
    ),
    counter(
      'fluentbit_output_retries',
      'Number of output retries.',
      of(outputs, each => each.retries),
    ),
    counter(
      'fluentbit_output_retries_failed',
      'Number of abandoned batches because the maximum number of re-tries was reached.',
      of(outputs, each => each.retries_failed),
    ),
    counter(
      'fluentbit_output_dropped_records',
      'Number of dropped records.',
      of(outputs, each => each.dropped_records),
    ),
    counter(
      'fluentbit_output_retried_records',
      'Number of retried records.',
      of(outputs, each => each.retried_records),
    ),
    gauge('fluentbit_uptime', 'Number of seconds that Fluent Bit has been running.', [
      { labels: host, value: Math.floor(facts.uptimeMs / 1000) },
    ]),
    gauge('fluentbit_process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', [
      { labels: host, value: Math.floor(facts.startedAtMs / 1000) },
    ]),
  ]
  const build = { ...host, version: FLUENT_BIT_VERSION, os: 'linux' }
  const v2: MetricFamily[] = [
    gauge('fluentbit_build_info', 'Build version information.', [
      { labels: build, value: Math.floor(facts.startedAtMs / 1000) },
    ]),
    gauge('fluentbit_hot_reloaded_times', 'Collect the count of hot reloaded times.', [
      { labels: host, value: facts.reloads },
    ]),
    gauge(
      'fluentbit_input_ingestion_paused',
      'Is the input paused or not?',
      of(inputs, () => (storage.blocked ? 1 : 0)),
    ),
    gauge(
      'fluentbit_input_storage_overlimit',
      'Is the input memory usage overlimit?',
      of(inputs, () => (storage.blocked ? 1 : 0)),
    ),
    gauge('fluentbit_storage_chunks', 'Total number of chunks in the storage layer.', [
      { labels: {}, value: storage.frames },
    ]),
    gauge('fluentbit_storage_fs_chunks', 'Total number of filesystem chunks.', [
      { labels: {}, value: storage.frames },
    ]),
    gauge(
      'fluentbit_output_upstream_total_connections',
      'Total Connection count.',
      of(outputs, () => 0),
    ),
  ]
  const start = gauge(
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
    [{ labels: {}, value: Math.floor(facts.startedAtMs / 1000) }],
  )
  return (version === 1 ? [...v1, start] : [...v1, ...v2]).filter(({ samples }) => samples.length > 0)
}

function counter(name: string, help: string, series: readonly Series[]): MetricFamily {
  return { name, type: 'counter', help, samples: series.map(each => sample(each, '_total')) }
}

function gauge(name: string, help: string, series: readonly Series[]): MetricFamily {
  return { name, type: 'gauge', help, samples: series.map(each => sample(each, '')) }
}

function sample({ labels, value }: Series, suffix: Sample['suffix']): Sample {
  return { suffix, labels: Object.entries(labels), value }
}
