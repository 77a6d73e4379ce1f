import type { MetricFamily } from '../../wire/prometheus/family.ts'

/** One module's view of the registry: names are given without the prefix `outrigger_<module>_`. */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Family<Counter>
  gauge(name: string, help: string, labels?: readonly string[]): Family<Gauge>
  /** `buckets` are upper bounds, ascending, without +Inf. */
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly string[],
  ): Family<Histogram>
  /** Metrics whose names a user gave: as they are, without a prefix, and with a cap of series of their own. */
  named(options: { readonly maxSeries: number }): Pick<Metrics, 'counter' | 'gauge' | 'histogram'>
  /** Called before each exposition, for values that are cheaper to read than to keep. */
  onCollect(collect: () => void): void
  /**
   * Families that somebody else counts, asked for at each exposition with those of the registry as they are then. One
   * whose name is taken is left out.
   */
  contribute(families: Contribution): void
}

export type Contribution = (own: readonly MetricFamily[]) => readonly MetricFamily[]

/** All series of one metric. Over the cap of series, `with` hands out one shared overflow series. */
export interface Family<Handle> {
  /** The bound series for these label values (in the order of the labels): keep it, an increment then allocates nothing. */
  with(...values: string[]): Handle
  /** Forgets one series. */
  remove(...values: string[]): void
}

export interface Counter {
  inc(by?: number): void
}

export interface Gauge {
  set(value: number): void
  inc(by?: number): void
  dec(by?: number): void
}

export interface Histogram {
  observe(value: number): void
}
