import type { Counter, Family, Metrics } from '../../../../kernel/metrics/metrics.ts'
import { Kind } from '../../../../wire/json/bytes.ts'
import { keyPathOf } from '../../../../wire/json/path.ts'
import type { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { fieldPath } from '../../condition/field.ts'
import type { Step } from '../step.ts'
import type { MetricConfig } from './config.ts'

/** Long values make no good labels, and each is kept in memory. */
const MAX_LABEL = 128

/** Counts records, or puts a number of theirs into a metric; one that is none is counted as unconverted. */
export function metricStep(config: MetricConfig, metrics: Metrics, unconverted: Counter): Step {
  const { dropRecord, value: field } = config
  const observe = observer(config, metrics)
  const labels = Object.values(config.labels).map(label => keyPathOf(fieldPath(label)))
  const path = field === undefined ? undefined : keyPathOf(fieldPath(field))
  const value = new ValueSpan()
  const labelOf = (record: JsonRecord, at: number) =>
    record.locate(labels[at], value) && value.kind !== Kind.null ? value.asText().slice(0, MAX_LABEL) : ''
  return record => {
    let number = 1
    if (path !== undefined) {
      if (!record.locate(path, value)) return !dropRecord
      number = numberOf(value)
      if (Number.isNaN(number) || (config.kind === 'counter' && number < 0)) {
        unconverted.inc()
        return !dropRecord
      }
    }
    observe(
      number,
      labels.map((_, at) => labelOf(record, at)),
    )
    return !dropRecord
  }
}

function observer(
  { kind, name, help, labels, buckets, maxSeries }: MetricConfig,
  metrics: Metrics,
): (value: number, labels: readonly string[]) => void {
  const named = metrics.named({ maxSeries })
  const names = Object.keys(labels)
  const observing =
    <S>(family: Family<S>, observe: (series: S, value: number) => void) =>
    (value: number, labels: readonly string[]) =>
      observe(family.with(...labels), value)
  switch (kind) {
    case 'counter':
      return observing(named.counter(name, help, names), (series, value) => series.inc(value))
    case 'gauge':
      return observing(named.gauge(name, help, names), (series, value) => series.set(value))
    case 'histogram':
      return observing(named.histogram(name, help, buckets, names), (series, value) => series.observe(value))
  }
}

function numberOf(value: ValueSpan): number {
  if (value.kind === Kind.number) return value.number()
  if (value.kind !== Kind.string) return Number.NaN
  const text = value.text().trim()
  const number = text === '' ? Number.NaN : Number(text)
  return Number.isFinite(number) ? number : Number.NaN
}
