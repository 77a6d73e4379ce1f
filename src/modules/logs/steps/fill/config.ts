import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'

/** `{$uuid}` is a new identifier for each record. */
export const FILL_RULES = { names: ['uuid'] } as const

export const fillConfig = s.object(
  {
    fields: s.map(
      s.string({ about: `The text of the field. ${TEMPLATE_NOTATION}; \`{$uuid}\` is a new identifier.` }),
      {
        about: `The fields and their texts; ${FIELD_NOTATION}. Objects on the way are made. A record that has nothing for a text does not get the field.`,
        example: { id: '{$uuid}', source: '{$hostname}:{$path}', day: '{%Y-%m-%d}' },
      },
    ),
    overwrite: s.boolean({
      about: 'Whether a field that the record has already gets the new text; else it keeps its own.',
      default: false,
    }),
  },
  { about: 'Adds fields with texts that are made of other fields, tag, path, time and names.' },
)

export type FillConfig = Infer<typeof fillConfig>

export function checkFill({ fields }: FillConfig, path: Problem['path']): Problem[] {
  return Object.entries(fields).flatMap(([field, text]) => {
    const here = [...path, 'fields', field]
    return [...checkField(field, here), ...checkTemplate(text, here, FILL_RULES)]
  })
}
