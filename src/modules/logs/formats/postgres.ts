import type { Zone } from '../../../wire/time/civil.ts'
import type { ParseTime } from '../../../wire/time/strptime.ts'
import { CsvFormat } from './csv.ts'
import { firstOf } from './error-logs.ts'
import type { FieldType } from './field-writer.ts'
import type { Format, OnMisfit } from './format.ts'
import { type Preset, PresetFormat } from './preset.ts'

/** The default of PostgreSQL's `log_line_prefix`. */
export const DEFAULT_LINE_PREFIX = '%m [%p] '

const TIME = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,6})? [A-Za-z0-9_+:/-]{1,32}'
/** Escapes of `log_line_prefix`: the field, and what its text looks like. */
const ESCAPES: Readonly<Record<string, readonly [name: string, pattern: string, type?: FieldType]>> = {
  a: ['application', '.*?'],
  u: ['user', '.*?'],
  d: ['database', '.*?'],
  r: ['client', '.*?'],
  h: ['client_host', '.*?'],
  L: ['local_address', '.*?'],
  b: ['backend', '.*?'],
  p: ['pid', '\\d*', 'integer'],
  P: ['leader_pid', '\\d*', 'integer'],
  t: ['time', TIME],
  m: ['time', TIME],
  n: ['time', '\\d{1,12}(?:\\.\\d{1,6})?'],
  i: ['command', '.*?'],
  e: ['sqlstate', '[0-9A-Z]{5}'],
  c: ['session', '[0-9a-f.]*'],
  l: ['session_line', '\\d*', 'integer'],
  s: ['session_start', TIME],
  v: ['virtual_transaction', '.*?'],
  x: ['transaction', '\\d*', 'integer'],
  Q: ['query_id', '-?\\d*', 'integer'],
}
const LEVELS =
  'DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT|STATEMENT|LOCATION'

/** What PostgreSQL writes to stderr with this `log_line_prefix`, or what is wrong with the prefix. */
export function postgresPreset(prefix: string, zone: Zone): Preset | { readonly problem: string } {
  let pattern = '^'
  let optional = 0
  const types: Record<string, FieldType> = {}
  const seen = new Set<string>()
  for (const [text, width, letter] of prefix.matchAll(/%(-?\d*)(.)|[^%]|%$/gs)) {
    if (letter === undefined) {
      if (text === '%') return { problem: 'it ends in a "%"' }
      pattern += text === ' ' ? ' +' : text.replace(/[$()*+./?[\\\]^{|}-]/, '\\$&')
    } else if (letter === '%') {
      pattern += '%'
    } else if (letter === 'q') {
      // What is behind it is written by processes of sessions only.
      pattern += '(?:'
      optional++
    } else {
      if (!Object.hasOwn(ESCAPES, letter)) return { problem: `it has the unknown escape %${letter}` }
      const [name, look, type] = ESCAPES[letter]
      const padding = width === '' ? '' : ' *'
      pattern += `${padding}${seen.has(name) ? `(?:${look})` : `(?<${name}>${look})`}${padding}`
      if (type !== undefined) types[name] = type
      seen.add(name)
    }
  }
  pattern += `${')?'.repeat(optional)}(?<level>${LEVELS}): +(?<message>.*)$`
  return {
    what: 'a line of PostgreSQL with this line prefix',
    pattern: new RegExp(pattern, 's'),
    types,
    parseTime: writtenTime(zone),
  }
}

function writtenTime(zone: Zone): ParseTime {
  return firstOf(zone, '%Y-%m-%d %H:%M:%S.%f %Z', '%Y-%m-%d %H:%M:%S %Z', '%s.%f', '%s')
}

export function postgresFormat(prefix: string | undefined, zone: Zone, onMisfit: OnMisfit): Format {
  const preset = postgresPreset(prefix ?? DEFAULT_LINE_PREFIX, zone)
  if ('problem' in preset) throw new Error(preset.problem)
  return new PresetFormat(preset, onMisfit)
}

/** The columns of PostgreSQL's csvlog, in their order; older versions end sooner. */
const CSV_COLUMNS =
  'time user database pid client session session_line command session_start virtual_transaction transaction level sqlstate message detail hint internal_query internal_query_position context query query_position location application backend leader_pid query_id'.split(
    ' ',
  )

/** PostgreSQL's csvlog: 23 values up to version 12, 26 since 14. */
export function postgresCsv(zone: Zone, onMisfit: OnMisfit): CsvFormat {
  return new CsvFormat(
    {
      columns: CSV_COLUMNS,
      atLeast: 23,
      parseTime: writtenTime(zone),
      types: {
        pid: 'integer',
        session_line: 'integer',
        transaction: 'integer',
        internal_query_position: 'integer',
        query_position: 'integer',
        leader_pid: 'integer',
        query_id: 'integer',
      },
      skipEmpty: true,
    },
    onMisfit,
  )
}
