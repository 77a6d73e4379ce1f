import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { compilePattern, patternProblem } from '../../../kernel/pattern.ts'
import { checkField } from '../condition/field.ts'
import { timeReader } from './time.ts'

const time = s.object(
  {
    field: s.string({
      about:
        'The field that holds the time of the record; a dot leads into an object: `event.created`. Formats with a time of their own need none.',
      optional: true,
      example: 'time',
    }),
    format: s.string({
      about:
        'How the time is written: iso8601 (also RFC 3339), epoch_s, epoch_ms, epoch_us, epoch_ns, or a form in the notation of strptime.',
      default: 'iso8601',
      example: '%d/%b/%Y:%H:%M:%S %z',
    }),
    zone: s.string({
      about:
        'The zone of times that name none: utc, local (that of the process), or an offset such as +02:00.',
      default: 'utc',
      pattern: /^(?:utc|local|[+-]\d\d:\d\d)$/,
      expected: 'utc, local or an offset such as +02:00',
    }),
    keep: s.boolean({
      about: 'Whether the field stays in the record. Records that stay as they are cost the least.',
      default: true,
    }),
  },
  {
    about:
      'Where a record says when it happened. Without it cri, docker and syslog use their own time, all others the time at which the line was read; so do records whose time is missing or unreadable, which are counted.',
    optional: true,
  },
)

/** The options of an input that say how a line becomes a record, to be spread among its other options. */
export const formatFields = {
  format: s.choice(['json', 'raw', 'logfmt', 'cri', 'docker', 'syslog', 'regex'], {
    about:
      'How a line becomes a record. json: each line is an object and stays as it is. raw: the line is the field `message`. logfmt: key=value pairs. cri, docker: what container runtimes write. syslog: RFC 5424 or 3164, with or without priority. regex: the named groups of `pattern` become fields. A line that does not fit is kept as `message` with a `parse_error`.',
    default: 'json',
  }),
  pattern: s.string({
    about:
      'For format regex: a regular expression (JavaScript) with named groups, each of which becomes a field.',
    optional: true,
    example: '^(?<client>\\S+) (?<method>\\S+) (?<path>\\S+) (?<status>\\d+)$',
  }),
  time,
} as const

const formatSchema = s.object(formatFields, { about: 'How a line becomes a record.' })

/** The decoded form of `formatFields`. */
export type FormatConfig = Infer<typeof formatSchema>
export type TimeConfig = NonNullable<FormatConfig['time']>

/** Formats whose lines say when they were written. */
const OWN_TIME: ReadonlySet<FormatConfig['format']> = new Set(['cri', 'docker', 'syslog'])

/** What the schema cannot say of these options; `path` is that of the input which has them. */
export function checkFormat(config: FormatConfig, path: Problem['path']): Problem[] {
  return [...checkPattern(config, [...path, 'pattern']), ...checkTime(config, [...path, 'time'])]
}

function checkPattern({ format, pattern }: FormatConfig, path: Problem['path']): Problem[] {
  if (format !== 'regex') {
    if (pattern === undefined) return []
    return [
      {
        path,
        message: `format ${format} takes no pattern`,
        hint: 'write format: regex, or remove the pattern',
      },
    ]
  }
  const hint = 'name what becomes a field: (?<status>\\d+)'
  if (pattern === undefined) return [{ path, message: 'expected a pattern for format regex, got none', hint }]
  const compiled = compilePattern(pattern)
  if ('reason' in compiled) {
    return [{ path, message: patternProblem(pattern, compiled.reason), hint: compiled.hint }]
  }
  if (/\(\?<[^=!]/.test(pattern)) return []
  return [{ path, message: `expected a pattern with named groups, got ${JSON.stringify(pattern)}`, hint }]
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
  if (time.field === undefined && !OWN_TIME.has(format)) {
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
    problems.push({ path: [...path, 'format'], message: reader.problem, hint: reader.hint })
  return problems
}
