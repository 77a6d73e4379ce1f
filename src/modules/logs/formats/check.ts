import type { Problem } from '../../../kernel/config/problem.ts'
import { compilePattern, patternProblem } from '../../../kernel/pattern.ts'
import { checkField } from '../condition/field.ts'
import type { FormatConfig } from './config.ts'
import { compileGrok } from './grok/grok.ts'
import { postgresPreset } from './postgres.ts'
import { timeReader } from './time.ts'

type FormatName = FormatConfig['format']

/** Formats whose lines do not say when they were written, unless in a field that `time` names. */
const WITHOUT_TIME: ReadonlySet<FormatName> = new Set([
  'json',
  'raw',
  'logfmt',
  'ltsv',
  'csv',
  'regex',
  'grok',
])

/** Formats whose fields are text by nature. */
const OF_TEXT: readonly FormatName[] = ['regex', 'grok', 'csv', 'ltsv', 'logfmt']

/** The formats that take an option; the others take all. */
const FORMATS_OF = {
  pattern: ['regex', 'grok'],
  patterns: ['grok'],
  types: OF_TEXT,
  skipEmpty: OF_TEXT,
  bareKeys: ['logfmt'],
  csv: ['csv'],
  linePrefix: ['postgres'],
} as const satisfies Partial<Record<keyof FormatConfig, readonly FormatName[]>>

/** What the schema cannot say of the options of a format; `path` is that of the input which has them. */
export function checkFormat(config: FormatConfig, path: Problem['path']): Problem[] {
  return [
    ...checkOptions(config, path),
    ...checkPattern(config, [...path, 'pattern']),
    ...checkCsv(config, [...path, 'csv']),
    ...checkLinePrefix(config, [...path, 'linePrefix']),
    ...(config.decode ?? []).flatMap(({ field }, index) =>
      checkField(field, [...path, 'decode', index, 'field']),
    ),
    ...checkTime(config, [...path, 'time']),
  ]
}

/** Options of other formats. */
function checkOptions(config: FormatConfig, path: Problem['path']): Problem[] {
  return Object.entries(FORMATS_OF).flatMap(([option, formats]) => {
    if (config[option as keyof typeof FORMATS_OF] === undefined) return []
    if ((formats as readonly string[]).includes(config.format)) return []
    return [
      {
        path: [...path, option],
        message: `format ${config.format} takes no ${option}`,
        hint: `write format: ${formats[0]}, or remove ${option}`,
      },
    ]
  })
}

function checkPattern({ format, pattern, patterns = {} }: FormatConfig, path: Problem['path']): Problem[] {
  if (format !== 'regex' && format !== 'grok') return []
  const hint = format === 'grok' ? 'pattern: "%{IP:client} %{GREEDYDATA:message}"' : NAMED_GROUP
  if (pattern === undefined) {
    return [{ path, message: `expected a pattern for format ${format}, got none`, hint }]
  }
  if (format === 'grok') {
    const grok = compileGrok(pattern, patterns)
    if ('problem' in grok) return [{ path, message: `expected a grok expression: ${grok.problem}`, hint }]
    const compiled = compilePattern(grok.pattern, grok.flags)
    if (!('reason' in compiled)) return []
    return [{ path, message: `expected a grok expression: ${compiled.reason}`, hint: compiled.hint }]
  }
  const compiled = compilePattern(pattern)
  if ('reason' in compiled) {
    return [{ path, message: patternProblem(pattern, compiled.reason), hint: compiled.hint }]
  }
  if (/\(\?<[^=!]/.test(pattern)) return []
  return [{ path, message: `expected a pattern with named groups, got ${JSON.stringify(pattern)}`, hint }]
}

const NAMED_GROUP = 'name what becomes a field: (?<status>\\d+)'

function checkCsv({ format, csv }: FormatConfig, path: Problem['path']): Problem[] {
  if (format !== 'csv') return []
  if (csv === undefined) {
    return [
      {
        path,
        message: 'expected the columns for format csv, got none',
        hint: 'csv: { columns: [time, message] }',
      },
    ]
  }
  const twice = csv.columns.findIndex((name, index) => csv.columns.indexOf(name) < index)
  if (twice < 0) return []
  return [
    {
      path: [...path, 'columns', twice],
      message: `the column "${csv.columns[twice]}" is there already`,
      hint: 'give each column a name of its own',
    },
  ]
}

function checkLinePrefix({ linePrefix }: FormatConfig, path: Problem['path']): Problem[] {
  if (linePrefix === undefined) return []
  const preset = postgresPreset(linePrefix, 0)
  if (!('problem' in preset)) return []
  const hint = 'copy it from postgresql.conf, or from the answer to SHOW log_line_prefix'
  return [
    {
      path,
      message: `expected a log_line_prefix, got ${JSON.stringify(linePrefix)}: ${preset.problem}`,
      hint,
    },
  ]
}

function checkTime({ format, time }: FormatConfig, path: Problem['path']): Problem[] {
  if (time === undefined) return []
  if (format === 'raw') {
    return [
      {
        path,
        message: 'format raw has no field with a time',
        hint: 'use format regex to cut one out of the line',
      },
    ]
  }
  if (time.field === undefined && WITHOUT_TIME.has(format)) {
    return [
      {
        path: [...path, 'field'],
        message: `format ${format} has no time of its own: expected the name of a field`,
        hint: 'field: time',
      },
    ]
  }
  const problems = time.field === undefined ? [] : checkField(time.field, [...path, 'field'])
  const reader = timeReader(time)
  if ('problem' in reader)
    problems.push({ path: [...path, reader.option], message: reader.problem, hint: reader.hint })
  return problems
}
