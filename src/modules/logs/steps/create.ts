import type { RecordMetrics } from '../record-metrics.ts'
import { addStep } from './add.ts'
import type { StepConfig } from './config.ts'
import { filterStep } from './filter.ts'
import { redactStep } from './redact.ts'
import { removeStep } from './remove.ts'
import type { Step } from './step.ts'

/** The steps of a configuration that has passed `checkSteps`, in its order. */
export function createSteps(steps: readonly StepConfig[], input: string, metrics: RecordMetrics): Step[] {
  return steps.map((step, index) => createStep(step, index, input, metrics))
}

function createStep(step: StepConfig, index: number, input: string, metrics: RecordMetrics): Step {
  switch (step.kind) {
    case 'add':
      return addStep(step.config)
    case 'remove':
      return removeStep(step.config)
    case 'redact':
      return redactStep(step.config, metrics.redacted.with(input))
    case 'keep':
    case 'drop':
      return filterStep(
        step.config,
        step.kind === 'keep',
        metrics.dropped.with(input, `steps[${index}].${step.kind}`),
      )
  }
}
