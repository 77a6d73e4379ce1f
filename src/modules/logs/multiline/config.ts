import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { compilePattern, patternProblem } from '../../../kernel/pattern.ts'
import { checkField } from '../condition/field.ts'
import { BUILTIN_NAMES, START_STATE } from './builtin.ts'

const negate = s.boolean({ about: 'Turns the test round: lines that do not match.', default: false })
const separator = s.string({
  about: 'What stands between two lines of a record.',
  default: '\n',
  example: '',
})

function byPattern(about: string) {
  return s.object(
    {
      pattern: s.string({
        about: 'A regular expression (JavaScript), held against one line.',
        example: '^\\d{4}-\\d\\d-\\d\\d',
      }),
      negate,
      separator,
    },
    { about },
  )
}

const ruleSchema = s.oneOf(
  {
    builtin: s.choice(BUILTIN_NAMES, {
      about:
        'Stack traces of a language: java, python, go, ruby, dotnet, node. cri and docker put the parts of long lines together, which these formats do in any case.',
    }),
    start: byPattern('A line that matches begins a record; all others go on with it.'),
    continuation: byPattern('A line that matches goes on with the record before it; all others begin one.'),
    end: s.object(
      {
        pattern: s.string({
          about: 'A regular expression (JavaScript), held against one line.',
          optional: true,
          example: ';$',
        }),
        endsWith: s.string({ about: 'A text at the end of the line.', optional: true, example: '\\' }),
        equals: s.string({ about: 'The whole line.', optional: true, example: 'END' }),
        negate,
        separator,
      },
      {
        about:
          'A line that matches is the last of its record. Exactly one of `pattern`, `endsWith`, `equals`; with `negate: true` and `endsWith: "\\"` lines that end in a backslash go on.',
      },
    ),
    states: s.object(
      {
        rules: s.list(
          s.object(
            {
              from: s.list(s.string({ about: 'The name of a state.' }), {
                about: `Where the record stands before this line. A record begins in \`${START_STATE}\`.`,
                minItems: 1,
                example: [START_STATE],
              }),
              pattern: s.string({ about: 'What the line must match.', example: '^\\s+at ' }),
              to: s.string({
                about: 'Where it stands behind this line. A state that no rule leads from ends the record.',
                example: 'frames',
              }),
            },
            { about: 'One step from line to line.' },
          ),
          { about: 'Tried in this order; the first that matches holds.', minItems: 1 },
        ),
        separator,
      },
      { about: 'A small state machine of your own.' },
    ),
  },
  { about: 'How lines are told that belong together.' },
)

const fields = {
  rules: s.list(ruleSchema, {
    about:
      'Tried in this order for a line that goes on with nothing: the first rule by which it begins a record has it. A line by which no rule begins one is a record of its own.',
    minItems: 1,
    example: [{ builtin: 'java' }, { builtin: 'python' }],
  }),
  field: s.string({
    about:
      'The field whose text is joined. For json, cri, docker, container and syslog also what the rules look at; for other formats they look at the line as it was read, and the first line alone is parsed.',
    default: 'message',
  }),
  patternField: s.string({
    about: 'Another field that the rules look at, for records of fields.',
    optional: true,
    example: 'log_type',
  }),
  groupBy: s.list(s.string({ about: 'The name of a field.' }), {
    about:
      'Lines are joined only with lines that have the same values here, for records of fields. Files, connections, and the streams of cri and docker are always kept apart.',
    default: [],
    example: ['container_id'],
  }),
  flushAfter: s.duration({
    about:
      'How long a record waits for another line of its own. One that is closed then and has several lines, or is known to lack some, gets `"partial": true`; so does the rest, should it come.',
    default: '3s',
    min: '10ms',
    max: '10m',
  }),
  maxLines: s.integer({
    about: 'A longer record is cut; the pieces have `"partial": true`.',
    default: 5000,
    min: 2,
  }),
  maxRecord: s.size({
    about: 'A larger record is cut; the pieces have `"partial": true`.',
    default: '1MiB',
    min: '1KiB',
    max: '16MiB',
  }),
} as const

const ABOUT = 'Puts records together that were written over several lines, such as stack traces.'
const multilineSchema = s.object(fields, { about: ABOUT })

export type MultilineConfig = Infer<typeof multilineSchema>
export type RuleConfig = MultilineConfig['rules'][number]

/** The option of every input. */
export const multilineField = s.object(fields, { about: ABOUT, optional: true })

/** What the schema cannot say. `path` is that of the option. */
export function checkMultiline(config: MultilineConfig | undefined, path: Problem['path']): Problem[] {
  if (config === undefined) return []
  return [
    ...config.rules.flatMap((rule, index) => checkRule(rule, [...path, 'rules', index, rule.kind])),
    ...checkReach(config.rules, [...path, 'rules']),
    ...checkField(config.field, [...path, 'field']),
    ...(config.patternField === undefined ? [] : checkField(config.patternField, [...path, 'patternField'])),
    ...config.groupBy.flatMap((field, index) => checkField(field, [...path, 'groupBy', index])),
  ]
}

function checkRule(rule: RuleConfig, path: Problem['path']): Problem[] {
  switch (rule.kind) {
    case 'builtin':
      return []
    case 'start':
    case 'continuation':
      return checkPattern(rule.config.pattern, [...path, 'pattern'])
    case 'end': {
      const given = (['pattern', 'endsWith', 'equals'] as const).filter(
        name => rule.config[name] !== undefined,
      )
      if (given.length !== 1) {
        const message = `expected exactly one of pattern, endsWith and equals, got ${given.join(' and ') || 'none'}`
        return [{ path, message, hint: 'write one of them' }]
      }
      const { pattern } = rule.config
      return pattern === undefined ? [] : checkPattern(pattern, [...path, 'pattern'])
    }
    case 'states':
      return checkStates(rule.config.rules, [...path, 'rules'])
  }
}

function checkPattern(source: string, path: Problem['path']): Problem[] {
  const compiled = compilePattern(source)
  return 'reason' in compiled
    ? [{ path, message: patternProblem(source, compiled.reason), hint: compiled.hint }]
    : []
}

function checkStates(
  rules: Extract<RuleConfig, { kind: 'states' }>['config']['rules'],
  path: Problem['path'],
): Problem[] {
  const problems = rules.flatMap(({ pattern }, index) => checkPattern(pattern, [...path, index, 'pattern']))
  if (!rules.some(({ from }) => from.includes(START_STATE))) {
    const message = `no rule leads from ${START_STATE}, so no record can begin`
    problems.push({ path, message, hint: `from: [${START_STATE}]` })
  }
  const reached = new Set([START_STATE, ...rules.map(({ to }) => to)])
  for (const [index, { from }] of rules.entries()) {
    for (const [at, state] of from.entries()) {
      if (reached.has(state)) continue
      const message = `no rule leads to the state ${state}`
      problems.push({ path: [...path, index, 'from', at], message, hint: 'name it in the `to` of a rule' })
    }
  }
  return problems
}

/** By these every line begins a record, so nothing is left for the rules behind. */
function checkReach(rules: readonly RuleConfig[], path: Problem['path']): Problem[] {
  const all = rules.findIndex(({ kind }) => kind === 'start' || kind === 'continuation' || kind === 'end')
  if (all < 0 || all === rules.length - 1) return []
  const message = `no line comes to this rule: by rules[${all}] (${rules[all].kind}) each line begins a record or goes on with one`
  return [{ path: [...path, all + 1], message, hint: `make ${rules[all].kind} the last rule` }]
}
