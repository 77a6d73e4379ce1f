import { type Options, option } from './option.ts'
import type { NotationMap } from './plugin.ts'
import type { Settings } from './settings.ts'

/** The time that JSON formats of outputs put into each record. */
export const dateOptions: Options = {
  json_date_key: option.text('date'),
  json_date_format: option.text('double'),
}

const FORMATS = ['double', 'epoch', 'epoch_ms', 'iso8601', 'java_sql_timestamp'] as const

/** Our `time`; undefined when there is to be none. */
export function dateOf(
  settings: Settings,
  fallback: (typeof FORMATS)[number] = 'double',
): NotationMap | undefined {
  const field = settings.text('json_date_key') ?? 'date'
  const format = settings.choice('json_date_format', FORMATS) ?? fallback
  return ['false', 'off', 'no', ''].includes(field.toLowerCase()) ? undefined : { field, format }
}
