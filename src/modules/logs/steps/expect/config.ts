import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkCondition } from '../../condition/check.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'

export const expectConfig = s.object(
  {
    conditions: s.list(s.string({ about: 'A condition.' }), {
      about: 'What every record is expected to meet.',
      minItems: 1,
      example: ['exists(id)', 'level in ["info", "warn", "error"]'],
    }),
    result: s.string({
      about: `A field that takes true or false: whether the record met all of them; ${FIELD_NOTATION}.`,
      optional: true,
      example: 'as_expected',
    }),
  },
  {
    about:
      'Checks records, which pass in any case: what a record does not meet is counted by condition and told in the own log.',
  },
)

export type ExpectConfig = Infer<typeof expectConfig>

export function checkExpect({ conditions, result }: ExpectConfig, path: Problem['path']): Problem[] {
  return [
    ...conditions.flatMap((condition, index) => checkCondition(condition, [...path, 'conditions', index])),
    ...(result === undefined ? [] : checkField(result, [...path, 'result'])),
  ]
}
