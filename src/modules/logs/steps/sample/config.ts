import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkCondition } from '../../condition/check.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'

export const sampleConfig = s.object(
  {
    rate: s.number({ about: 'Which part of the records stays, from 0 to 1.', min: 0, max: 1, example: 0.1 }),
    by: s.string({
      about: `A field whose value decides, so that all records with the same value stay or go together; ${FIELD_NOTATION}. Records without it are chosen at random, as all are without this option.`,
      optional: true,
      example: 'trace_id',
    }),
    keep: s.string({
      about: 'A condition: records that meet it stay in any case.',
      optional: true,
      example: 'level in ["warn", "error"]',
    }),
  },
  { about: 'Keeps a part of the records; the others are dropped, and counted.' },
)

export type SampleConfig = Infer<typeof sampleConfig>

export function checkSample({ by, keep }: SampleConfig, path: Problem['path']): Problem[] {
  return [
    ...(by === undefined ? [] : checkField(by, [...path, 'by'])),
    ...(keep === undefined ? [] : checkCondition(keep, [...path, 'keep'])),
  ]
}
