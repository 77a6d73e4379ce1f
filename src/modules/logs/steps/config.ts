import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { checkCondition } from '../condition/check.ts'
import { checkPatterns } from '../text-patterns.ts'
import { addConfig, checkAdd } from './add/config.ts'
import { checkConvert, convertConfig } from './convert/config.ts'
import { checkDedupe, dedupeConfig } from './dedupe/config.ts'
import { checkEc2, ec2Config } from './ec2/config.ts'
import { checkEcs, ecsConfig } from './ecs/config.ts'
import { checkExpect, expectConfig } from './expect/config.ts'
import { checkFill, fillConfig } from './fill/config.ts'
import { dropConfig, keepConfig } from './filter/config.ts'
import { checkKubernetes, kubernetesConfig } from './kubernetes/config.ts'
import { checkLua, luaConfig } from './lua/config.ts'
import { checkMetric, metricConfig } from './metric/config.ts'
import { checkMove, checkRename, copyConfig, moveConfig, renameConfig } from './names/config.ts'
import { checkLift, checkNest, liftConfig, nestConfig } from './nest/config.ts'
import { checkOnly, onlyFields } from './only/config.ts'
import { checkOrder, orderConfig } from './order/config.ts'
import { checkParse, parseConfig } from './parse/config.ts'
import { printConfig } from './print/config.ts'
import { checkRedact, redactConfig } from './redact/config.ts'
import { checkRemove, removeConfig } from './remove/config.ts'
import { checkRetag, retagConfig } from './retag/config.ts'
import { checkSample, sampleConfig } from './sample/config.ts'
import { checkScript, scriptConfig } from './script/config.ts'
import { selectConfig } from './select/config.ts'
import { checkThrottle, throttleConfig } from './throttle/config.ts'

/** All kinds of steps: a new one is an entry here and in `checkStep`, one in `create.ts`, and a folder. */
const plainSteps = {
  add: addConfig,
  fill: fillConfig,
  remove: removeConfig,
  select: selectConfig,
  rename: renameConfig,
  move: moveConfig,
  copy: copyConfig,
  nest: nestConfig,
  lift: liftConfig,
  convert: convertConfig,
  parse: parseConfig,
  order: orderConfig,
  retag: retagConfig,
  keep: keepConfig,
  drop: dropConfig,
  redact: redactConfig,
  sample: sampleConfig,
  throttle: throttleConfig,
  dedupe: dedupeConfig,
  kubernetes: kubernetesConfig,
  ec2: ec2Config,
  ecs: ecsConfig,
  metric: metricConfig,
  script: scriptConfig,
  lua: luaConfig,
  expect: expectConfig,
  print: printConfig,
} as const

/** What can stand inside `only`: every step but itself. */
const plainStep = s.oneOf(plainSteps, { about: 'One step.' })

const only = s.object(
  { ...onlyFields, steps: s.list(plainStep, { about: 'What is done with them.', minItems: 1 }) },
  { about: 'Steps for some records only; all others pass as they are.' },
)

/** One step that every record passes: it edits the record or drops it. */
export const stepSchema = s.oneOf(
  { ...plainSteps, only },
  { about: 'One step that every record passes, in the order of the list.' },
)

export type StepConfig = Infer<typeof stepSchema>

/** The steps of an input, of an output, or of all records. */
export const stepsSchema = s.list(stepSchema, {
  about: 'What is done with each record, in this order.',
  default: [],
})

/** What the schema cannot say of steps: conditions, patterns and field names that do not parse. `path` is the list's. */
export function checkSteps(steps: readonly StepConfig[], path: Problem['path']): Problem[] {
  return steps.flatMap((step, index) => checkStep(step, [...path, index, step.kind]))
}

function checkStep(step: StepConfig, path: Problem['path']): Problem[] {
  switch (step.kind) {
    case 'add':
      return checkAdd(step.config, path)
    case 'fill':
      return checkFill(step.config, path)
    case 'remove':
      return checkRemove(step.config, path)
    case 'select':
      return checkPatterns(step.config, path)
    case 'rename':
      return checkRename(step.config, path)
    case 'move':
    case 'copy':
      return checkMove(step.config, path)
    case 'nest':
      return checkNest(step.config, path)
    case 'lift':
      return checkLift(step.config, path)
    case 'convert':
      return checkConvert(step.config, path)
    case 'parse':
      return checkParse(step.config, path)
    case 'order':
      return checkOrder(step.config, path)
    case 'retag':
      return checkRetag(step.config, path)
    case 'kubernetes':
      return checkKubernetes(step.config, path)
    case 'ec2':
      return checkEc2(step.config, path)
    case 'ecs':
      return checkEcs(step.config, path)
    case 'expect':
      return checkExpect(step.config, path)
    case 'print':
      return []
    case 'metric':
      return checkMetric(step.config, path)
    case 'script':
      return checkScript(step.config, path)
    case 'lua':
      return checkLua(step.config, path)
    case 'sample':
      return checkSample(step.config, path)
    case 'throttle':
      return checkThrottle(step.config, path)
    case 'dedupe':
      return checkDedupe(step.config, path)
    case 'keep':
    case 'drop':
      return checkCondition(step.config, path)
    case 'redact':
      return checkRedact(step.config, path)
    case 'only':
      return [...checkOnly(step.config, path), ...checkSteps(step.config.steps, [...path, 'steps'])]
  }
}
