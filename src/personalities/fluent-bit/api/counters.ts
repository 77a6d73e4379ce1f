import type { MetricFamily, Sample } from '../../../wire/prometheus/family.ts'

/** One plugin's counters, in Fluent Bit's words. */
export interface InputCounters {
  readonly name: string
  readonly records: number
  readonly bytes: number
  /** Of a tail only. */
  readonly files_opened?: number
  readonly files_closed?: number
  readonly files_rotated?: number
}

export interface FilterCounters {
  readonly name: string
  readonly drop_records: number
  readonly add_records: number
}

export interface OutputCounters {
  readonly name: string
  readonly proc_records: number
  readonly proc_bytes: number
  readonly errors: number
  readonly retries: number
  readonly retries_failed: number
  readonly dropped_records: number
  readonly retried_records: number
}

/** What the API tells of a pipeline. */
export interface Counters {
  readonly inputs: readonly InputCounters[]
  readonly filters: readonly FilterCounters[]
  readonly outputs: readonly OutputCounters[]
  /** Sends under way, in the order of the outputs. */
  readonly busy: readonly { readonly name: string; readonly sends: number }[]
  readonly storage: { readonly frames: number; readonly bytes: number; readonly blocked: boolean }
  /** Messages of the log by level. */
  readonly messages: Readonly<Record<'error' | 'warn' | 'info' | 'debug', number>>
}

export interface PipelineNames {
  readonly inputs: readonly { readonly name: string; readonly plugin: string }[]
  /** In the order of the steps: how many steps of ours each filter became. */
  readonly filters: readonly { readonly name: string; readonly plugin: string; readonly steps: number }[]
  readonly outputs: readonly { readonly name: string; readonly plugin: string }[]
}

/** Reads our own metrics. */
export function countersOf(families: readonly MetricFamily[], names: PipelineNames): Counters {
  const read = new OwnMetrics(families)
  return {
    inputs: names.inputs.map(({ name, plugin }) => inputOf(read, name, plugin)),
    filters: filtersOf(read, names.filters),
    outputs: names.outputs.map(({ name }) => outputOf(read, name)),
    busy: names.outputs.map(({ name }) => ({
      name,
      sends: read.sum('logs_sends_in_flight', { output: name }),
    })),
    storage: {
      frames: read.sum('logs_spool_frames'),
      bytes: read.sum('logs_spool_bytes'),
      blocked: read.sum('logs_spool_blocked') > 0,
    },
    messages: {
      error: read.sum('kernel_log_messages', { level: 'error' }),
      warn: read.sum('kernel_log_messages', { level: 'warn' }),
      info: read.sum('kernel_log_messages', { level: 'info' }),
      debug: read.sum('kernel_log_messages', { level: 'debug' }),
    },
  }
}

function inputOf(read: OwnMetrics, name: string, plugin: string): InputCounters {
  const of = (metric: string) => read.sum(`logs_${metric}`, { input: name })
  const opened = of('tail_opened_files')
  return {
    name,
    records: of('input_records'),
    bytes: of('input_bytes'),
    ...(plugin === 'tail' && {
      files_opened: opened,
      files_closed: opened - of('tail_open_files'),
      files_rotated: of('tail_rotated_files'),
    }),
  }
}

function filtersOf(read: OwnMetrics, filters: PipelineNames['filters']): FilterCounters[] {
  const dropped = read.samples('logs_dropped_records').map(sample => ({
    step: Number(/^steps\[(\d+)\]/.exec(labelsOf(sample)['reason'] ?? '')?.[1] ?? -1),
    value: sample.value,
  }))
  let first = 0
  return filters.map(({ name, steps }) => {
    const [from, to] = [first, first + steps]
    first = to
    const drops = dropped.filter(({ step }) => step >= from && step < to)
    return { name, drop_records: drops.reduce((total, { value }) => total + value, 0), add_records: 0 }
  })
}

/** Of records, and of values of metrics where the output is for these. */
function outputOf(read: OwnMetrics, name: string): OutputCounters {
  const of = (metric: string, labels: Readonly<Record<string, string>> = {}) =>
    read.sum(metric, { output: name, ...labels })
  const failed = of('logs_sends', { outcome: 'failed' }) + of('metrics_sends', { outcome: 'failed' })
  const refused = of('logs_sends', { outcome: 'partial' }) + of('metrics_sends', { outcome: 'rejected' })
  return {
    name,
    proc_records: of('logs_delivered_records') + of('metrics_sent_samples') + of('metrics_scrapes'),
    proc_bytes: of('logs_delivered_bytes'),
    errors: failed + refused,
    retries: failed,
    retries_failed: of('logs_dead_lettered_records', { reason: 'given_up' }),
    dropped_records: of('logs_dead_lettered_records') + of('metrics_dropped_samples'),
    retried_records: of('logs_retried_records'),
  }
}

/** Sums over our own metrics, which are named without `outrigger_`. */
class OwnMetrics {
  readonly #families: ReadonlyMap<string, MetricFamily>

  constructor(families: readonly MetricFamily[]) {
    this.#families = new Map(families.map(family => [family.name, family]))
  }

  samples(name: string): readonly Sample[] {
    return this.#families.get(`outrigger_${name}`)?.samples ?? []
  }

  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.samples(name)
      .filter(sample => {
        const own = labelsOf(sample)
        return Object.entries(labels).every(([label, value]) => own[label] === value)
      })
      .reduce((total, { value }) => total + value, 0)
  }
}

function labelsOf({ labels }: Sample): Readonly<Record<string, string>> {
  return Object.fromEntries(labels)
}
