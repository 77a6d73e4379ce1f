import { entryName } from '../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../kernel/config/problem.ts'
import { s } from '../../../kernel/config/schema.ts'
import { checkCondition } from '../condition/check.ts'
import { checkSteps, type StepConfig, stepsSchema } from '../steps/config.ts'
import { checkPatterns, PATTERN_NOTATION } from '../text-patterns.ts'

/** The options of every output beside its own: which records it gets, and as what. */
export const routingFields = {
  name: entryName,
  tags: s.list(s.string({ about: `A pattern of tags; ${PATTERN_NOTATION}.` }), {
    about: 'Only records with one of these tags go here. Without it all do.',
    optional: true,
    minItems: 1,
    example: ['kube.*'],
  }),
  when: s.string({
    about: 'A condition: only records that meet it go here.',
    optional: true,
    example: 'level in ["warn", "error"]',
  }),
  tries: s.integer({
    about:
      'After so many tries in vain records are given up: they go to the dead letters, with the reason. Without it they are tried until they arrive.',
    optional: true,
    min: 1,
    example: 10,
  }),
  steps: stepsSchema,
} as const

/** What is left for the output itself. */
export type OwnOptions<Config> = Omit<Config, keyof typeof routingFields>

export interface RoutingConfig {
  readonly name?: string
  readonly tags?: readonly string[]
  readonly when?: string
  readonly steps: readonly StepConfig[]
}

/** Paths begin behind the output's kind. */
export function checkRouting({ tags = [], when, steps }: RoutingConfig): Problem[] {
  return [
    ...checkPatterns(tags, ['tags']),
    ...(when === undefined ? [] : checkCondition(when, ['when'])),
    ...checkSteps(steps, ['steps']),
    ...steps.flatMap((step, index) => refuseRetag(step, ['steps', index])),
  ]
}

/** Behind the spool nobody takes a record under another tag. */
function refuseRetag(step: StepConfig, path: Problem['path']): Problem[] {
  if (step.kind === 'only')
    return step.config.steps.flatMap((inner, index) => refuseRetag(inner, [...path, 'only', 'steps', index]))
  if (step.kind !== 'retag') return []
  return [
    {
      path: [...path, 'retag'],
      message: 'records cannot get another tag on their way to an output',
      hint: 'move the step to logs.steps or to the input',
    },
  ]
}
