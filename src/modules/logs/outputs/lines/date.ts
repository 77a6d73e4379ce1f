import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { compileStrftime } from '../../../../wire/time/strftime.ts'

/** The record's time as a field of what is written. */
export const dateConfig = s.object(
  {
    field: s.string({ about: 'The name of the field. It comes first.', default: 'date' }),
    format: s.choice(['seconds', 'integer', 'milliseconds', 'iso8601', 'sql'], {
      about:
        'How the time is written. seconds: since the epoch, with a fraction. integer: without. milliseconds: since the epoch. iso8601: `2026-01-02T03:04:05.678000Z`. sql: `2026-01-02 03:04:05.678000`.',
      default: 'seconds',
      otherNames: {
        double: 'seconds',
        epoch: 'integer',
        epoch_ms: 'milliseconds',
        java_sql_timestamp: 'sql',
      },
    }),
  },
  { about: 'Writes each record with its time in it. Without it records go as they are.', optional: true },
)

export type DateConfig = NonNullable<Infer<typeof dateConfig>>

const ISO = writer('%Y-%m-%dT%H:%M:%S.%6NZ')
const SQL = writer('%Y-%m-%d %H:%M:%S.%6N')

/** `{"date":1767323045.678000` for a time, without what follows. */
export function dateOpening({ field, format }: DateConfig): (timeMs: number) => string {
  const head = `{${JSON.stringify(field)}:`
  return timeMs => head + valueText(timeMs, format)
}

function valueText(timeMs: number, format: DateConfig['format']): string {
  switch (format) {
    case 'seconds':
      return secondsText(timeMs, 6)
    case 'integer':
      return String(Math.floor(timeMs / 1000))
    case 'milliseconds':
      return String(Math.floor(timeMs))
    case 'iso8601':
      return `"${ISO(timeMs)}"`
    case 'sql':
      return `"${SQL(timeMs)}"`
  }
}

/** Seconds since the epoch with so many digits behind the point; exact, unlike a division of floating numbers. */
export function secondsText(timeMs: number, digits: number): string {
  const seconds = Math.floor(timeMs / 1000)
  const nanos = Math.round((timeMs - seconds * 1000) * 1e6)
  return `${seconds}.${String(nanos).padStart(9, '0').slice(0, digits)}`
}

function writer(form: string): (timeMs: number) => string {
  const write = compileStrftime(form)
  if (typeof write !== 'function') throw new Error(`${write.directive} is no part of a time`)
  return write
}
