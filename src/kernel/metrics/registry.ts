import type { MetricFamily } from '../../wire/prometheus/family.ts'
import { SeriesFamily } from './family.ts'
import type { Contribution, Counter, Family, Gauge, Histogram, Metrics } from './metrics.ts'
import { fullName, type Kind, nameProblem, userNameProblem } from './names.ts'
import { CounterSeries, GaugeSeries, HistogramSeries, type Series } from './series.ts'

/** One instance of a module's view. Disposing it ends its `onCollect` calls and forgets its gauges, whose values nobody keeps any more. */
export interface MetricsView extends Metrics, Disposable {}

export interface RegistryOptions {
  /** The most series that one metric may have; the rest share one whose labels all say `__overflow__`. */
  readonly maxSeries?: number
}

/** All metrics of the process. */
export class Registry {
  readonly #families = new Map<string, SeriesFamily<Series>>()
  readonly #collectors = new Set<() => void>()
  readonly #contributions = new Set<Contribution>()
  readonly #maxSeries: number
  readonly #overflows: Family<Counter>

  constructor({ maxSeries = 1000 }: RegistryOptions = {}) {
    this.#maxSeries = maxSeries
    this.#overflows = this.view('kernel').counter(
      'metric_overflows_total',
      'Times that a metric was asked for one series more than its cap and gave the overflow series.',
      ['metric'],
    )
  }

  /**
   * A module's view; the module '' has no prefix (process_*, nodejs_*). Asking again for the same metric gives the same family, so counters go on
   * counting when the module is replaced; a definition that differs is an error while its owner lives.
   */
  view(module: string): MetricsView {
    const mine = new Set<() => void>()
    const contributed = new Set<Contribution>()
    const owner = { alive: true }
    const makers = (more: Pick<Definition, 'maxSeries'>) => {
      const family = <S extends Series>(definition: Definition, make: () => S) =>
        this.#family(module, owner, { ...definition, ...more }, make)
      return {
        counter: (name: string, help: string, labels: readonly string[] = []): Family<Counter> =>
          family({ kind: 'counter', name, help, labels }, () => new CounterSeries()),
        gauge: (name: string, help: string, labels: readonly string[] = []): Family<Gauge> =>
          family({ kind: 'gauge', name, help, labels }, () => new GaugeSeries()),
        histogram: (
          name: string,
          help: string,
          buckets: readonly number[],
          labels: readonly string[] = [],
        ): Family<Histogram> => {
          const bounds = ascending(name, buckets)
          return family({ kind: 'histogram', name, help, labels, bounds }, () => new HistogramSeries(bounds))
        },
      }
    }
    return {
      ...makers({}),
      named: ({ maxSeries }) => makers({ maxSeries }),
      onCollect: collect => {
        mine.add(collect)
        this.#collectors.add(collect)
      },
      contribute: families => {
        contributed.add(families)
        this.#contributions.add(families)
      },
      [Symbol.dispose]: () => {
        owner.alive = false
        for (const collect of mine) this.#collectors.delete(collect)
        for (const families of contributed) this.#contributions.delete(families)
        for (const [name, family] of this.#families) {
          if (family.owner === owner && family.kind === 'gauge') this.#families.delete(name)
        }
      },
    }
  }

  /** Forgets all metrics of a module that is gone for good. */
  forget(module: string): void {
    for (const [name, family] of this.#families) if (family.module === module) this.#families.delete(name)
  }

  /** Everything as it is now, by name. */
  collect(): MetricFamily[] {
    for (const collect of this.#collectors) collect()
    const own = [...this.#families.values()]
      .filter(family => family.size > 0)
      .map(family => family.snapshot())
    const taken = new Set(own.map(({ name }) => name))
    const all = [...own]
    for (const families of this.#contributions)
      for (const family of families(own)) {
        if (!taken.has(family.name)) all.push(family)
        taken.add(family.name)
      }
    return all.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #family<S extends Series>(
    module: string,
    owner: Owner,
    definition: Definition,
    make: () => S,
  ): SeriesFamily<S> {
    const isNamed = definition.maxSeries !== undefined
    const problem = (isNamed ? userNameProblem : nameProblem)(
      definition.kind,
      definition.name,
      definition.labels,
    )
    if (problem) throw new Error(problem)
    const name = fullName(isNamed ? '' : module, definition.name)
    const known = this.#families.get(name)
    if (known?.same(definition)) {
      known.owner = owner
      return known as SeriesFamily<Series> as SeriesFamily<S>
    }
    if (known?.owner.alive)
      throw new Error(`metric ${name} exists already as another kind or with other labels`)
    const family = new SeriesFamily(
      name,
      module,
      owner,
      definition,
      make,
      definition.maxSeries ?? this.#maxSeries,
      () => this.#overflows?.with(name).inc(),
    )
    this.#families.set(name, family)
    return family
  }
}

export interface Definition {
  readonly kind: Kind
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly bounds?: readonly number[]
  /** Of a metric that a user named: its own cap. */
  readonly maxSeries?: number
}

export interface Owner {
  alive: boolean
}

function ascending(name: string, bounds: readonly number[]): readonly number[] {
  const fine = bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]!))
  if (!fine) throw new Error(`histogram "${name}" needs finite, ascending buckets, got ${bounds.join(', ')}`)
  return [...bounds]
}
