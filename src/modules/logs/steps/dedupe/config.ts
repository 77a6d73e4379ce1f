import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'

export const dedupeConfig = s.object(
  {
    by: s.list(s.string({ about: `A field; ${FIELD_NOTATION}.` }), {
      about: 'Records with the same values of these fields are the same. Without it the whole record counts.',
      default: [],
      example: ['message', 'service'],
    }),
    window: s.duration({
      about: 'How long after the first one others are dropped.',
      default: '10s',
      min: '10ms',
      max: '1h',
    }),
    countField: s.string({
      about: `Where the next one that passes says how many were dropped since; ${FIELD_NOTATION}.`,
      optional: true,
      example: 'repeated',
    }),
    maxKeys: s.integer({
      about: 'How many records are remembered; the oldest makes room.',
      default: 10_000,
      min: 1,
      max: 1_000_000,
    }),
  },
  { about: 'Drops records that came already a moment ago, and counts them.' },
)

export type DedupeConfig = Infer<typeof dedupeConfig>

export function checkDedupe({ by, countField }: DedupeConfig, path: Problem['path']): Problem[] {
  return [
    ...by.flatMap((field, index) => checkField(field, [...path, 'by', index])),
    ...(countField === undefined ? [] : checkField(countField, [...path, 'countField'])),
  ]
}
