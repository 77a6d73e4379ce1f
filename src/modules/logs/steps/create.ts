import { hostname } from 'node:os'
import type { Counter } from '../../../kernel/metrics/metrics.ts'
import { addStep } from './add/step.ts'
import type { StepConfig } from './config.ts'
import { convertStep } from './convert/step.ts'
import { dedupeStep } from './dedupe/step.ts'
import { ec2Step } from './ec2/step.ts'
import { ecsStep } from './ecs/step.ts'
import { expectStep } from './expect/step.ts'
import { fillStep } from './fill/step.ts'
import { filterStep } from './filter/step.ts'
import { kubernetesStep } from './kubernetes/step.ts'
import { luaStep } from './lua/step.ts'
import { metricStep } from './metric/step.ts'
import { moveStep, renameStep } from './names/step.ts'
import { liftStep, nestStep } from './nest/step.ts'
import { onlyStep } from './only/step.ts'
import { orderStep } from './order/step.ts'
import { parseStep } from './parse/step.ts'
import { printStep } from './print/step.ts'
import { redactStep } from './redact/step.ts'
import { removeStep } from './remove/step.ts'
import { retagStep } from './retag/step.ts'
import { sampleStep } from './sample/step.ts'
import { scriptStep } from './script/step.ts'
import { selectStep } from './select/step.ts'
import type { Step, StepHost } from './step.ts'
import { throttleStep } from './throttle/step.ts'

/** The steps of a configuration that has passed `checkSteps`, in its order. */
export function createSteps(steps: readonly StepConfig[], host: StepHost): Step[] {
  return steps.map((step, index) => createStep(step, { ...host, key: `${host.key}[${index}].${step.kind}` }))
}

/** `host.key` is the step's own here. */
function createStep(step: StepConfig, host: StepHost): Step {
  const { recordMetrics: metrics, owner, key, clock } = host
  const dropped = () => metrics.dropped.with(owner, key.replace(/^logs\./, ''))
  switch (step.kind) {
    case 'add':
      return addStep(step.config)
    case 'fill':
      return fillStep(step.config, hostname())
    case 'remove':
      return removeStep(step.config)
    case 'select':
      return selectStep(step.config)
    case 'rename':
      return renameStep(step.config)
    case 'move':
      return moveStep(step.config, false)
    case 'copy':
      return moveStep(step.config, true)
    case 'nest':
      return nestStep(step.config)
    case 'lift':
      return liftStep(step.config)
    case 'convert':
      return convertStep(step.config, metrics.unconverted.with(owner))
    case 'parse':
      return parseStep(step.config, metrics, owner)
    case 'order':
      return orderStep(step.config)
    case 'retag':
      return retagStep(step.config, hostname())
    case 'kubernetes':
      return kubernetesStep(step.config, host, dropped())
    case 'ec2':
      return ec2Step(step.config, host)
    case 'ecs':
      return ecsStep(step.config, host)
    case 'expect':
      return expectStep(step.config, host)
    case 'print':
      return printStep(step.config, host)
    case 'metric':
      return counting(metricStep(step.config, host.metrics, metrics.unconverted.with(owner)), dropped())
    case 'script':
      return counting(scriptStep(step.config, host), dropped())
    case 'lua':
      return counting(luaStep(step.config, host), dropped())
    case 'sample':
      return sampleStep(step.config, dropped())
    case 'throttle':
      return throttleStep(step.config, clock, dropped())
    case 'dedupe':
      return dedupeStep(step.config, clock, dropped())
    case 'redact':
      return redactStep(step.config, metrics.redacted.with(owner))
    case 'keep':
    case 'drop':
      return filterStep(step.config, step.kind === 'keep', dropped())
    case 'only':
      return onlyStep(step.config, createSteps(step.config.steps, { ...host, key: `${key}.steps` }))
  }
}

/** A step that may drop records and does not count them itself. */
function counting(step: Step, dropped: Counter): Step {
  return (record, event) => {
    if (step(record, event)) return true
    dropped.inc()
    return false
  }
}
