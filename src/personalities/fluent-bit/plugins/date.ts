import { type Options, option } from './option.ts'
import type { NotationMap } from './plugin.ts'
import type { Settings } from './settings.ts'

/** The time that JSON formats of outputs put into each record. */
export const dateOptions: Options = {
  json_date_key: option.text('date'),
  json_date_format: option.text('double'),
}

const FORMATS = {
  double: 'seconds',
  epoch: 'integer',
  epoch_ms: 'milliseconds',
  iso8601: 'iso8601',
  java_sql_timestamp: 'sql',
} as const

/** Our `date`; undefined when there is to be none. */
export function dateOf(settings: Settings): NotationMap | undefined {
  const field = settings.text('json_date_key') ?? 'date'
  const names = Object.keys(FORMATS) as (keyof typeof FORMATS)[]
  const format = settings.choice('json_date_format', names) ?? 'double'
  if (['false', 'off', 'no', ''].includes(field.toLowerCase())) return undefined
  return { field, format: FORMATS[format] }
}
