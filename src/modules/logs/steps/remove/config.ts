import type { Problem } from '../../../../kernel/config/problem.ts'
import { s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'

export const removeConfig = s.list(s.string({ about: `A field; ${FIELD_NOTATION}.` }), {
  about: 'Removes fields.',
  minItems: 1,
  example: ['debug', 'user.email'],
})

export function checkRemove(fields: readonly string[], path: Problem['path']): Problem[] {
  return fields.flatMap((field, index) => checkField(field, [...path, index]))
}
