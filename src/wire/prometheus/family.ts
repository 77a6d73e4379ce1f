/** One metric with all its samples, as an exposition shows it. */
export interface MetricFamily {
  /** Without the suffixes that belong to samples: a counter's family is `x`, its sample `x_total`, or `x` where it was called so. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'info' | 'unknown'
  readonly help: string
  readonly samples: readonly Sample[]
}

/** The name by which people know a family: that of a counter is the one of its samples. */
export function shownName({ name, type, samples }: MetricFamily): string {
  return type === 'counter' ? name + (samples[0]?.suffix ?? '_total') : name
}

export interface Sample {
  readonly suffix: '' | '_total' | '_bucket' | '_sum' | '_count' | '_info'
  readonly labels: readonly Label[]
  readonly value: number
  /** When it was so, in milliseconds since the epoch; else at the moment of the exposition. */
  readonly timeMs?: number
}

export type Label = readonly [name: string, value: string]
