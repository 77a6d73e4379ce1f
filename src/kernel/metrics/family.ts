import type { Label, MetricFamily, Sample } from '../../wire/prometheus/family.ts'
import type { Family } from './metrics.ts'
import type { Definition, Owner } from './registry.ts'
import type { Series } from './series.ts'

/** The value of every label of the series that stands for all that did not fit under the cap. */
export const OVERFLOW = '__overflow__'

interface Entry<S> {
  readonly values: readonly string[]
  readonly series: S
}

/** One metric's series, by their label values, up to a cap. */
export class SeriesFamily<S extends Series> implements Family<S> {
  owner: Owner
  readonly name: string
  readonly module: string
  readonly #definition: Definition
  readonly #make: () => S
  readonly #maxSeries: number
  readonly #onOverflow: () => void
  readonly #entries = new Map<string, Entry<S>>()
  #overflow: S | undefined

  constructor(
    name: string,
    module: string,
    owner: Owner,
    definition: Definition,
    make: () => S,
    maxSeries: number,
    onOverflow: () => void,
  ) {
    this.name = name
    this.module = module
    this.owner = owner
    this.#definition = definition
    this.#make = make
    this.#maxSeries = maxSeries
    this.#onOverflow = onOverflow
  }

  get kind() {
    return this.#definition.kind
  }

  get size(): number {
    return this.#entries.size + (this.#overflow ? 1 : 0)
  }

  same({ kind, labels, bounds }: Definition): boolean {
    const mine = this.#definition
    return kind === mine.kind && equal(labels, mine.labels) && equal(bounds ?? [], mine.bounds ?? [])
  }

  with(...values: string[]): S {
    const key = this.#key(values)
    const known = this.#entries.get(key)
    if (known) return known.series
    if (this.#entries.size >= this.#maxSeries) return this.#overflown()
    const series = this.#make()
    this.#entries.set(key, { values, series })
    return series
  }

  remove(...values: string[]): void {
    this.#entries.delete(this.#key(values))
  }

  /** The series of these label values, if there is one. */
  peek(values: readonly string[]): S | undefined {
    return this.#entries.get(this.#key(values))?.series
  }

  snapshot(): MetricFamily {
    const { kind, help, labels } = this.#definition
    const samples: Sample[] = []
    for (const { values, series } of this.#entries.values()) {
      samples.push(...series.samples(labels.map((label, i): Label => [label, values[i]!])))
    }
    const overflow = this.#overflow?.samples(labels.map((label): Label => [label, OVERFLOW]))
    if (overflow) samples.push(...overflow)
    if (kind !== 'counter') return { name: this.name, type: kind, help, samples }
    const { name } = this
    if (name.endsWith('_total')) return { name: name.slice(0, -'_total'.length), type: kind, help, samples }
    return { name, type: kind, help, samples: samples.map(sample => ({ ...sample, suffix: '' })) }
  }

  #overflown(): S {
    this.#onOverflow()
    return (this.#overflow ??= this.#make())
  }

  /** Lengths keep ['a', 'bc'] and ['ab', 'c'] apart. */
  #key(values: readonly string[]): string {
    const { labels } = this.#definition
    if (values.length !== labels.length) {
      throw new Error(`metric ${this.name} has ${labels.length} labels, got ${values.length} values`)
    }
    if (values.length < 2) return values[0] ?? ''
    let key = ''
    for (const value of values) key += `${value.length}:${value}`
    return key
  }
}

function equal<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
