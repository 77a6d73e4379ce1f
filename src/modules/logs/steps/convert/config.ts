import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'

export const convertConfig = s.object(
  {
    fields: s.map(
      s.choice(['integer', 'float', 'boolean', 'string', 'hex', 'json'], {
        about:
          'integer: a whole number, the fraction is cut. float: a number. boolean: from true, yes, on, 1 and their opposites. string: its text. hex: a whole number from hexadecimal digits. json: the value that its text is.',
      }),
      {
        about: `Fields and what they become; ${FIELD_NOTATION}.`,
        example: { status: 'integer', took: 'float' },
      },
    ),
  },
  { about: 'Changes the type of values. One that cannot be converted stays, and is counted.' },
)

export type ConvertConfig = Infer<typeof convertConfig>

export function checkConvert({ fields }: ConvertConfig, path: Problem['path']): Problem[] {
  return Object.keys(fields).flatMap(field => checkField(field, [...path, 'fields', field]))
}
