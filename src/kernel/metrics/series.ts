import type { Label, Sample } from '../../wire/prometheus/family.ts'
import type { Counter, Gauge, Histogram } from './metrics.ts'

/** One series: a handle that modules write to, and what an exposition reads. */
export interface Series {
  samples(labels: readonly Label[]): Sample[]
}

export class CounterSeries implements Counter, Series {
  value = 0

  inc(by = 1): void {
    if (!(by >= 0)) throw new RangeError(`a counter only goes up, got ${by}`)
    this.value += by
  }

  samples(labels: readonly Label[]): Sample[] {
    return [{ suffix: '_total', labels, value: this.value }]
  }
}

export class GaugeSeries implements Gauge, Series {
  value = 0

  set(value: number): void {
    this.value = value
  }

  inc(by = 1): void {
    this.value += by
  }

  dec(by = 1): void {
    this.value -= by
  }

  samples(labels: readonly Label[]): Sample[] {
    return [{ suffix: '', labels, value: this.value }]
  }
}

export class HistogramSeries implements Histogram, Series {
  readonly #bounds: readonly number[]
  /** Observations per bucket, not cumulated; the last is +Inf. */
  readonly #counts: Float64Array
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  get count(): number {
    return this.#counts.reduce((all, one) => all + one, 0)
  }

  get sum(): number {
    return this.#sum
  }

  observe(value: number): void {
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && !(value <= bounds[bucket]!)) bucket++
    this.#counts[bucket]!++
    this.#sum += value
  }

  samples(labels: readonly Label[]): Sample[] {
    const samples: Sample[] = []
    let below = 0
    for (let bucket = 0; bucket <= this.#bounds.length; bucket++) {
      below += this.#counts[bucket]!
      const bound = this.#bounds[bucket]
      const le = bound === undefined ? '+Inf' : String(bound)
      samples.push({ suffix: '_bucket', labels: [...labels, ['le', le]], value: below })
    }
    samples.push({ suffix: '_sum', labels, value: this.#sum })
    samples.push({ suffix: '_count', labels, value: below })
    return samples
  }
}
