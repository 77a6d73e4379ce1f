import type { Problem } from '../../../../kernel/config/problem.ts'
import type { StepConfig } from '../config.ts'
import type { MetricConfig } from './config.ts'

export interface PlacedSteps {
  readonly steps: readonly StepConfig[]
  readonly path: Problem['path']
}

interface PlacedMetric {
  readonly metric: MetricConfig
  readonly path: Problem['path']
}

/** Steps of several places may fill one metric; then it has to be the same one. */
export function checkMetricTwins(places: readonly PlacedSteps[]): Problem[] {
  const first = new Map<string, PlacedMetric>()
  return places.flatMap(metricsIn).flatMap(({ metric, path }) => {
    const known = first.get(metric.name)
    if (known === undefined) {
      first.set(metric.name, { metric, path })
      return []
    }
    if (shapeOf(known.metric) === shapeOf(metric)) return []
    const message = `${metric.name} is another kind of metric, or has other labels or buckets, at ${known.path.join('.')}`
    return [{ path: [...path, 'name'], message, hint: 'give it another name' }]
  })
}

function metricsIn({ steps, path }: PlacedSteps): PlacedMetric[] {
  return steps.flatMap((step, index): PlacedMetric[] => {
    const here = [...path, index, step.kind]
    if (step.kind === 'metric') return [{ metric: step.config, path: here }]
    return step.kind === 'only' ? metricsIn({ steps: step.config.steps, path: [...here, 'steps'] }) : []
  })
}

function shapeOf({ kind, labels, buckets }: MetricConfig): string {
  return JSON.stringify([kind, Object.keys(labels), kind === 'histogram' ? buckets : []])
}
