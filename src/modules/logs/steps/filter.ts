import type { Counter } from '../../../kernel/metrics/metrics.ts'
import { compileCondition } from '../condition/compile.ts'
import { parseCondition } from '../condition/parse.ts'
import type { Step } from './step.ts'

/** Drops the records whose verdict under the condition is not `wanted`, and counts them. */
export function filterStep(condition: string, wanted: boolean, dropped: Counter): Step {
  const parsed = parseCondition(condition)
  if ('problem' in parsed) throw new Error(parsed.problem)
  const holds = compileCondition(parsed.condition)
  return record => {
    if (holds(record) === wanted) return true
    dropped.inc()
    return false
  }
}
