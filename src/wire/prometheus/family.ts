/** One metric with all its samples, as an exposition shows it. */
export interface MetricFamily {
  /** Without the suffixes that belong to samples: a counter's family is `x`, its sample `x_total`. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'info' | 'unknown'
  readonly help: string
  readonly samples: readonly Sample[]
}

export interface Sample {
  readonly suffix: '' | '_total' | '_bucket' | '_sum' | '_count' | '_info'
  readonly labels: readonly Label[]
  readonly value: number
  /** When it was so, in milliseconds since the epoch; else at the moment of the exposition. */
  readonly timeMs?: number
}

export type Label = readonly [name: string, value: string]
