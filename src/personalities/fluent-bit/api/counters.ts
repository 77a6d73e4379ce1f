import type { MetricFamily, Sample } from '../../../wire/prometheus/family.ts'

/** One plugin's counters, in Fluent Bit's words. */
export interface InputCounters {
  readonly name: string
  readonly records: number
  readonly bytes: number
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
  readonly storage: { readonly frames: number; readonly bytes: number; readonly blocked: boolean }
}

export interface PipelineNames {
  readonly inputs: readonly { readonly name: string; readonly plugin: string }[]
  /** In the order of the steps: how many steps of ours each filter became. */
  readonly filters: readonly { readonly name: string; readonly plugin: string; readonly steps: number }[]
  readonly outputs: readonly { readonly name: string; readonly plugin: string }[]
}

/** Reads our own metrics. */
export function countersOf(families: readonly MetricFamily[], names: PipelineNames): Counters {
  const samples = (name: string) =>
    families.find(family => family.name === `outrigger_logs_${name}` || family.name === name)?.samples ?? []
  const sum = (name: string, fits: (labels: Readonly<Record<string, string>>) => boolean) =>
    samples(name)
      .filter(sample => fits(labelsOf(sample)))
      .reduce((total, { value }) => total + value, 0)
  const dropped = samples('dropped_records').map(sample => ({
    step: Number(/^steps\[(\d+)\]/.exec(labelsOf(sample)['reason'] ?? '')?.[1] ?? -1),
    value: sample.value,
  }))
  let first = 0
  const filters = names.filters.map(({ name, steps }) => {
    const [from, to] = [first, first + steps]
    first = to
    const drops = dropped.filter(({ step }) => step >= from && step < to)
    return { name, drop_records: drops.reduce((total, { value }) => total + value, 0), add_records: 0 }
  })
  return {
    inputs: names.inputs.map(({ name }) => ({
      name,
      records: sum('input_records', ({ input }) => input === name),
      bytes: sum('input_bytes', ({ input }) => input === name),
    })),
    filters,
    outputs: names.outputs.map(({ name }) => {
      const failed = sum('sends', ({ output, outcome }) => output === name && outcome === 'failed')
      return {
        name,
        proc_records: sum('delivered_records', ({ output }) => output === name),
        proc_bytes: sum('delivered_bytes', ({ output }) => output === name),
        errors: failed + sum('sends', ({ output, outcome }) => output === name && outcome === 'partial'),
        retries: failed,
        retries_failed: sum(
          'dead_lettered_records',
          ({ output, reason }) => output === name && reason === 'given_up',
        ),
        dropped_records: sum('dead_lettered_records', ({ output }) => output === name),
        retried_records: sum('retried_records', ({ output }) => output === name),
      }
    }),
    storage: {
      frames: sum('spool_frames', () => true),
      bytes: sum('spool_bytes', () => true),
      blocked: sum('spool_blocked', () => true) > 0,
    },
  }
}

function labelsOf({ labels }: Sample): Readonly<Record<string, string>> {
  return Object.fromEntries(labels)
}
