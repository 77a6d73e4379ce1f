import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'
import { checkPatterns, PATTERN_NOTATION } from '../../text-patterns.ts'

const prefixes = {
  removePrefix: s.string({ about: 'What is taken off the beginning of their names.', default: '' }),
  addPrefix: s.string({ about: 'What is put before their names.', default: '' }),
}

export const nestConfig = s.object(
  {
    fields: s.list(s.string({ about: `A pattern of names; ${PATTERN_NOTATION}.` }), {
      about: 'Which fields at the top of the record.',
      minItems: 1,
      example: ['kube_*'],
    }),
    under: s.string({
      about: `The object that takes them, made when it is not there; ${FIELD_NOTATION}.`,
      example: 'kubernetes',
    }),
    ...prefixes,
  },
  { about: 'Puts fields of the top into an object.' },
)

export const liftConfig = s.object(
  {
    field: s.string({
      about: `The object whose fields come to the top; it goes itself. ${FIELD_NOTATION}.`,
      example: 'kubernetes',
    }),
    ...prefixes,
  },
  { about: 'Brings the fields of an object to the top of the record.' },
)

export type NestConfig = Infer<typeof nestConfig>
export type LiftConfig = Infer<typeof liftConfig>

export function checkNest({ fields, under }: NestConfig, path: Problem['path']): Problem[] {
  return [...checkPatterns(fields, [...path, 'fields']), ...checkField(under, [...path, 'under'])]
}

export function checkLift({ field }: LiftConfig, path: Problem['path']): Problem[] {
  return checkField(field, [...path, 'field'])
}
