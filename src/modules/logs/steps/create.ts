import type { RecordMetrics } from '../record-metrics.ts'
import type { StepConfig } from './config.ts'
import type { Step } from './step.ts'
export function createSteps(_steps: readonly StepConfig[], _input: string, _metrics: RecordMetrics): Step[] {
  return []
}
