import type { Counter } from '../../../../kernel/metrics/metrics.ts'
import { predicateOf } from '../../condition/predicate.ts'
import type { Step } from '../step.ts'

/** Drops the records whose verdict under the condition is not `wanted`, and counts them. */
export function filterStep(condition: string, wanted: boolean, dropped: Counter): Step {
  const holds = predicateOf(condition)
  return record => {
    if (holds(record) === wanted) return true
    dropped.inc()
    return false
  }
}
