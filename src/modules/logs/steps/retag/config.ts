import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { compilePattern, patternProblem } from '../../../../kernel/pattern.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'

/** `{$1}` stands for a group of the pattern. */
export const RETAG_RULES = { captures: true } as const

const rule = s.object(
  {
    field: s.string({
      about: `The field that is looked at; ${FIELD_NOTATION}. Without it the rule is for every record.`,
      optional: true,
      example: 'level',
    }),
    pattern: s.string({
      about:
        'A regular expression (JavaScript) that its text has to match. Without it the field has to be there.',
      optional: true,
      example: '^(warn|error)$',
    }),
    to: s.string({
      about: `The new tag. ${TEMPLATE_NOTATION}; \`{$1}\` stands for the first group of the pattern, \`{$0}\` for all that it matched.`,
      example: 'alerts.{$1}.{$tag}',
    }),
    keep: s.boolean({
      about: 'Whether the record goes on under its own tag, too.',
      default: false,
    }),
  },
  { about: 'One rule.' },
)

export const retagConfig = s.list(rule, {
  about:
    'Gives records another tag. The first rule that fits sends the record through all common steps again, under its new tag.',
  minItems: 1,
})

export type RetagRule = Infer<typeof rule>

export function checkRetag(rules: readonly RetagRule[], path: Problem['path']): Problem[] {
  return rules.flatMap(({ field, pattern, to }, index) => {
    const here = [...path, index]
    return [
      ...(field === undefined ? [] : checkField(field, [...here, 'field'])),
      ...(pattern === undefined ? [] : checkPattern(pattern, field, here)),
      ...checkTemplate(to, [...here, 'to'], RETAG_RULES),
    ]
  })
}

function checkPattern(pattern: string, field: string | undefined, path: Problem['path']): Problem[] {
  if (field === undefined)
    return [
      {
        path: [...path, 'pattern'],
        message: 'expected the field that the pattern is for',
        hint: 'field: level',
      },
    ]
  const compiled = compilePattern(pattern)
  if (!('reason' in compiled)) return []
  return [
    { path: [...path, 'pattern'], message: patternProblem(pattern, compiled.reason), hint: compiled.hint },
  ]
}
