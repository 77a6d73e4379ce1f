import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'
import { checkFormat } from '../../formats/check.ts'
import { formatFields } from '../../formats/config.ts'

export const parseConfig = s.object(
  {
    field: s.string({
      about: `The field whose text is read; ${FIELD_NOTATION}.`,
      default: 'message',
    }),
    ...formatFields,
    otherwise: s.list(s.object(formatFields, { about: 'One more format.' }), {
      about: 'Formats to try, in this order, when the text does not fit the first.',
      default: [],
    }),
    choice: s.object(
      {
        field: s.string({
          about: `The field with the name of a format; ${FIELD_NOTATION}.`,
          default: 'parser',
        }),
        formats: s.map(s.object(formatFields, { about: 'One format.' }), {
          about: 'The formats by their names.',
          example: { apache: { format: 'apache' } },
        }),
        keepField: s.boolean({ about: 'Whether the field with the name stays.', default: false }),
      },
      {
        about:
          'Lets a field of the record choose the format, and none else is tried then. Where the field is missing, or names none of these, `format` and `otherwise` count.',
        optional: true,
      },
    ),
    into: s.string({
      about: `The object that takes what was read, made when it is not there; ${FIELD_NOTATION}. Without it the top of the record does.`,
      optional: true,
      example: 'http',
    }),
    keepField: s.boolean({ about: 'Whether the field stays when it was read.', default: false }),
    keepOthers: s.boolean({
      about: 'Whether the other fields of the record stay when it was read.',
      default: true,
    }),
  },
  {
    about:
      'Reads a text that stands in a field. One that does not fit stays as it is, and is counted. A time that was read becomes the time of the record.',
  },
)

export type ParseConfig = Infer<typeof parseConfig>

export function checkParse(
  { field, into, otherwise, choice, ...format }: ParseConfig,
  path: Problem['path'],
): Problem[] {
  return [
    ...checkField(field, [...path, 'field']),
    ...(into === undefined ? [] : checkField(into, [...path, 'into'])),
    ...checkFormat(format, path),
    ...otherwise.flatMap((other, index) => checkFormat(other, [...path, 'otherwise', index])),
    ...(choice === undefined ? [] : checkField(choice.field, [...path, 'choice', 'field'])),
    ...Object.entries(choice?.formats ?? {}).flatMap(([name, chosen]) =>
      checkFormat(chosen, [...path, 'choice', 'formats', name]),
    ),
  ]
}
