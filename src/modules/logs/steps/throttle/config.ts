import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkCondition } from '../../condition/check.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'

export const throttleConfig = s.object(
  {
    records: s.integer({
      about: 'So many records pass in each interval, for each key.',
      min: 1,
      example: 1000,
    }),
    interval: s.duration({ about: 'The interval.', default: '1s', min: '10ms', max: '1h' }),
    burst: s.integer({
      about: 'So many may pass at once after a quiet time. Default: `records`.',
      optional: true,
      min: 1,
    }),
    by: s.list(s.string({ about: `A field; ${FIELD_NOTATION}.` }), {
      about: 'Records with the same values of these fields are counted together. Without it all are.',
      default: [],
      example: ['service'],
    }),
    keep: s.string({
      about: 'A condition: records that meet it pass in any case, and are not counted.',
      optional: true,
      example: 'level == "error"',
    }),
    maxKeys: s.integer({
      about: 'How many keys are told apart; the one that was quiet for longest makes room.',
      default: 10_000,
      min: 1,
      max: 1_000_000,
    }),
  },
  { about: 'Lets so many records pass in a time; the others are dropped, and counted.' },
)

export type ThrottleConfig = Infer<typeof throttleConfig>

export function checkThrottle({ by, keep }: ThrottleConfig, path: Problem['path']): Problem[] {
  return [
    ...by.flatMap((field, index) => checkField(field, [...path, 'by', index])),
    ...(keep === undefined ? [] : checkCondition(keep, [...path, 'keep'])),
  ]
}
