import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { compilePattern, patternProblem } from '../../../kernel/pattern.ts'
import { checkField, FIELD_NOTATION as FIELD } from '../condition/field.ts'
import { parseCondition } from '../condition/parse.ts'
import { checkTags, TAGS_NOTATION } from '../tags.ts'

const plainSteps = {
  add: s.object(
    {
      fields: s.map(s.scalar({ about: 'The value: text, a number, true, false or null.' }), {
        about: `The fields and their values; ${FIELD}. Objects on the way are made.`,
        example: { service: 'checkout', 'deployment.region': 'eu-1' },
      }),
      overwrite: s.boolean({
        about: 'Whether a field that the record has already gets the new value; else it keeps its own.',
        default: false,
      }),
    },
    { about: 'Adds fields with fixed values.' },
  ),
  remove: s.list(s.string({ about: `A field; ${FIELD}.` }), {
    about: 'Removes fields.',
    minItems: 1,
    example: ['debug', 'user.email'],
  }),
  keep: s.string({
    about: 'A condition: records that do not meet it are dropped, and counted.',
    example: 'status >= 400 or level in ["warn", "error"]',
  }),
  drop: s.string({
    about: 'A condition: records that meet it are dropped, and counted.',
    example: 'path matches "^/healthz" and not exists(error)',
  }),
  redact: s.object(
    {
      fields: s.list(s.string({ about: `A field; ${FIELD}.` }), {
        about: 'Where to redact. Empty means everywhere in the record, and then a pattern is required.',
        default: [],
        example: ['password', 'user.email'],
      }),
      pattern: s.string({
        about:
          'A regular expression (JavaScript): only what it matches in texts and numbers is redacted, at any depth of the fields. Without it their whole values are.',
        optional: true,
        example: '\\b\\d{4}-?\\d{4}-?\\d{4}-?\\d{4}\\b',
      }),
      method: s.choice(['mask', 'sha256'], {
        about:
          'mask puts the text of `mask` in place. sha256 puts its hash there, so that equal values stay recognisable as equal.',
        default: 'mask',
      }),
      mask: s.string({ about: 'The text that stands in place of what was there.', default: '[redacted]' }),
      key: s.secret({
        about:
          'For method sha256: makes it an HMAC with this key, so that nobody can guess values and compare hashes.',
        optional: true,
      }),
    },
    { about: 'Masks or hashes values that must not leave the machine.' },
  ),
} as const

/** What can stand inside `only`: every step but itself. */
const plainStep = s.oneOf(plainSteps, { about: 'One step.' })

const only = s.object(
  {
    tags: s.list(s.string({ about: `A pattern of tags; ${TAGS_NOTATION}.` }), {
      about: 'Only records with one of these tags.',
      optional: true,
      minItems: 1,
      example: ['kube.*'],
    }),
    when: s.string({
      about: 'A condition: only records that meet it.',
      optional: true,
      example: 'level in ["warn", "error"]',
    }),
    steps: s.list(plainStep, { about: 'What is done with them.', minItems: 1 }),
  },
  { about: 'Steps for some records only; all others pass as they are.' },
)

/** One step that every record passes: it edits the record or drops it. */
export const stepSchema = s.oneOf(
  { ...plainSteps, only },
  { about: 'One step that every record passes, in the order of the list.' },
)

export type StepConfig = Infer<typeof stepSchema>
export type OnlyConfig = Extract<StepConfig, { kind: 'only' }>['config']
export type RedactConfig = Extract<StepConfig, { kind: 'redact' }>['config']

/** The steps of an input or of all of them. */
export const stepsSchema = s.list(stepSchema, {
  about: 'What is done with each record, in this order.',
  default: [],
})

/** What the schema cannot say of steps: conditions, patterns and field names that do not parse. `path` is the list's. */
export function checkSteps(steps: readonly StepConfig[], path: Problem['path']): Problem[] {
  return steps.flatMap((step, index) => checkStep(step, [...path, index, step.kind]))
}

function checkStep(step: StepConfig, path: Problem['path']): Problem[] {
  switch (step.kind) {
    case 'add': {
      const { fields } = step.config
      return Object.keys(fields).flatMap(field => checkField(field, [...path, 'fields', field]))
    }
    case 'remove':
      return step.config.flatMap((field, index) => checkField(field, [...path, index]))
    case 'keep':
    case 'drop':
      return checkCondition(step.config, path)
    case 'redact':
      return checkRedact(step.config, path)
    case 'only': {
      const { tags = [], when, steps } = step.config
      return [
        ...checkTags(tags, [...path, 'tags']),
        ...(when === undefined ? [] : checkCondition(when, [...path, 'when'])),
        ...checkSteps(steps, [...path, 'steps']),
      ]
    }
  }
}

/** What is wrong with the text of a condition. */
export function checkCondition(condition: string, path: Problem['path']): Problem[] {
  const parsed = parseCondition(condition)
  if (!('problem' in parsed)) return []
  const hint = `it is understood up to here: ${condition.slice(0, parsed.column - 1)}`
  return [{ path, message: `the condition does not parse, ${parsed.problem}`, hint }]
}

function checkRedact({ fields, pattern, method, key }: RedactConfig, path: Problem['path']): Problem[] {
  const problems = fields.flatMap((field, index) => checkField(field, [...path, 'fields', index]))
  if (pattern !== undefined) problems.push(...checkPattern(pattern, [...path, 'pattern']))
  else if (fields.length === 0) {
    problems.push({
      path,
      message: 'expected fields, a pattern, or both, got neither',
      hint: 'fields: [password]',
    })
  }
  if (key !== undefined && method !== 'sha256') {
    problems.push({
      path: [...path, 'key'],
      message: `method ${method} takes no key`,
      hint: 'write method: sha256',
    })
  }
  return problems
}

function checkPattern(source: string, path: Problem['path']): Problem[] {
  const pattern = compilePattern(source)
  if ('reason' in pattern) {
    return [{ path, message: patternProblem(source, pattern.reason), hint: pattern.hint }]
  }
  if (!pattern.regex.test('')) return []
  return [
    {
      path,
      message: `the pattern ${JSON.stringify(source)} matches empty text`,
      hint: 'use + in place of *',
    },
  ]
}
