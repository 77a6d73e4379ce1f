import { addStep } from './add/step.ts'
import type { StepConfig } from './config.ts'
import { filterStep } from './filter/step.ts'
import { onlyStep } from './only/step.ts'
import { redactStep } from './redact/step.ts'
import { removeStep } from './remove/step.ts'
import type { Step, StepHost } from './step.ts'

/** The steps of a configuration that has passed `checkSteps`, in its order. */
export function createSteps(steps: readonly StepConfig[], host: StepHost): Step[] {
  return steps.map((step, index) => createStep(step, { ...host, key: `${host.key}[${index}].${step.kind}` }))
}

/** `host.key` is the step's own here. */
function createStep(step: StepConfig, host: StepHost): Step {
  const { recordMetrics: metrics, owner, key } = host
  switch (step.kind) {
    case 'add':
      return addStep(step.config)
    case 'remove':
      return removeStep(step.config)
    case 'redact':
      return redactStep(step.config, metrics.redacted.with(owner))
    case 'keep':
    case 'drop':
      return filterStep(
        step.config,
        step.kind === 'keep',
        metrics.dropped.with(owner, key.replace(/^logs\./, '')),
      )
    case 'only':
      return onlyStep(step.config, createSteps(step.config.steps, { ...host, key: `${key}.steps` }))
  }
}
