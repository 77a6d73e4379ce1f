import type { Problem } from '../../../../kernel/config/problem.ts'
import { s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'
import { checkPatterns } from '../../text-patterns.ts'

export const removeConfig = s.list(
  s.string({
    about: `A field; ${FIELD_NOTATION}. With a \`*\` in it, or between slashes, it is a pattern for fields at the top.`,
  }),
  { about: 'Removes fields.', minItems: 1, example: ['debug', 'user.email', 'tmp_*'] },
)

/** Whether the entry is a pattern of names, and not one field. */
export function isPattern(field: string): boolean {
  return field.includes('*') || /^\/.+\/$/.test(field)
}

export function checkRemove(fields: readonly string[], path: Problem['path']): Problem[] {
  return fields.flatMap((field, index) =>
    isPattern(field)
      ? checkPatterns([field], path).map(problem => ({ ...problem, path: [...path, index] }))
      : checkField(field, [...path, index]),
  )
}
