import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'

export const addConfig = s.object(
  {
    fields: s.map(s.scalar({ about: 'The value: text, a number, true, false or null.' }), {
      about: `The fields and their values; ${FIELD_NOTATION}. Objects on the way are made.`,
      example: { service: 'checkout', 'deployment.region': 'eu-1' },
    }),
    overwrite: s.boolean({
      about: 'Whether a field that the record has already gets the new value; else it keeps its own.',
      default: false,
    }),
  },
  { about: 'Adds fields with fixed values.' },
)

export type AddConfig = Infer<typeof addConfig>

export function checkAdd({ fields }: AddConfig, path: Problem['path']): Problem[] {
  return Object.keys(fields).flatMap(field => checkField(field, [...path, 'fields', field]))
}
