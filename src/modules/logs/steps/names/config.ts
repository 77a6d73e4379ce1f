import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'

const overwrite = s.boolean({
  about: 'Whether a field that is there already under the new name is replaced; else both stay as they are.',
  default: true,
})

export const renameConfig = s.object(
  {
    fields: s.map(s.string({ about: 'The new name, in the same object.', minLength: 1 }), {
      about: `Fields and their new names; ${FIELD_NOTATION}.`,
      example: { msg: 'message', 'http.st': 'status' },
    }),
    overwrite,
  },
  { about: 'Gives fields another name in the same place.' },
)

const targets = {
  fields: s.map(s.string({ about: `The field that it becomes; ${FIELD_NOTATION}.` }), {
    about: 'Fields, and the fields that they become. Objects on the way are made.',
    example: { 'request.id': 'trace.request_id' },
  }),
  overwrite,
}

export const moveConfig = s.object(targets, { about: 'Moves fields to other places in the record.' })
export const copyConfig = s.object(targets, { about: 'Copies fields to other places in the record.' })

export type RenameConfig = Infer<typeof renameConfig>
export type MoveConfig = Infer<typeof moveConfig>

export function checkRename({ fields }: RenameConfig, path: Problem['path']): Problem[] {
  return Object.keys(fields).flatMap(field => checkField(field, [...path, 'fields', field]))
}

export function checkMove({ fields }: MoveConfig, path: Problem['path']): Problem[] {
  return Object.entries(fields).flatMap(([from, to]) => {
    const here = [...path, 'fields', from]
    return [...checkField(from, here), ...checkField(to, here)]
  })
}
