import { FACILITIES, SEVERITIES } from '../../../wire/syslog/message.ts'

/** Levels of applications, beside the keywords of RFC 5424 section 6.2.1. */
const LEVELS: Readonly<Record<string, number>> = {
  panic: 0,
  emergency: 0,
  fatal: 2,
  critical: 2,
  error: 3,
  severe: 3,
  warn: 4,
  information: 6,
  trace: 7,
  verbose: 7,
}

/** The severity of syslog, 0 to 7, that a number, a keyword or the level of an application means; undefined when none. */
export function severityOf(text: string): number | undefined {
  const level = text.toLowerCase()
  if (/^[0-7]$/.test(level)) return Number(level)
  const index = SEVERITIES.indexOf(level)
  if (index >= 0) return index
  return Object.hasOwn(LEVELS, level) ? LEVELS[level] : undefined
}

/** The facility, 0 to 23; undefined when the text names none. */
export function facilityOf(text: string): number | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text) <= 23 ? Number(text) : undefined
  const index = FACILITIES.indexOf(text.toLowerCase())
  return index < 0 ? undefined : index
}
