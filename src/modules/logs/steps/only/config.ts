import type { Problem } from '../../../../kernel/config/problem.ts'
import { s } from '../../../../kernel/config/schema.ts'
import { checkCondition } from '../../condition/check.ts'
import { checkPatterns, PATTERN_NOTATION } from '../../text-patterns.ts'

/** The options of `only` beside its steps. */
export const onlyFields = {
  tags: s.list(s.string({ about: `A pattern of tags; ${PATTERN_NOTATION}.` }), {
    about: 'Only records with one of these tags.',
    optional: true,
    minItems: 1,
    example: ['kube.*'],
  }),
  when: s.string({
    about: 'A condition: only records that meet it.',
    optional: true,
    example: 'level in ["warn", "error"]',
  }),
} as const

export interface OnlyConfig {
  readonly tags?: readonly string[]
  readonly when?: string
}

export function checkOnly({ tags = [], when }: OnlyConfig, path: Problem['path']): Problem[] {
  return [
    ...checkPatterns(tags, [...path, 'tags']),
    ...(when === undefined ? [] : checkCondition(when, [...path, 'when'])),
  ]
}
