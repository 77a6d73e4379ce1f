const NAMES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const

/** The short name of a SeverityNumber (OpenTelemetry logs data model, "Displaying Severity"): 9 is INFO, 10 INFO2; undefined outside 1 to 24. */
export function severityName(number: number): string | undefined {
  if (!(number >= 1 && number <= 24)) return undefined
  const step = (number - 1) % 4
  return NAMES[(number - 1 - step) / 4] + (step === 0 ? '' : step + 1)
}

/** What loggers call their levels, in lower case; syslog's and klog's names too. */
const NUMBERS: Readonly<Record<string, number>> = {
  trace: 1,
  verbose: 1,
  finest: 1,
  debug: 5,
  fine: 5,
  info: 9,
  information: 9,
  informational: 9,
  notice: 10,
  warn: 13,
  warning: 13,
  error: 17,
  err: 17,
  severe: 17,
  critical: 18,
  crit: 18,
  alert: 19,
  fatal: 21,
  panic: 21,
  emergency: 22,
  emerg: 22,
}

/** The SeverityNumber of a level as loggers name it, of a short name such as WARN3, or of the number as text; 0 when nobody knows. */
export function severityNumber(text: string): number {
  const lower = text.trim().toLowerCase()
  const known = Object.hasOwn(NUMBERS, lower) ? NUMBERS[lower] : undefined
  if (known !== undefined) return known
  if (/^\d{1,2}$/.test(lower)) return Number(lower) <= 24 ? Number(lower) : 0
  const [, name, step] = /^(trace|debug|info|warn|error|fatal)([2-4])$/.exec(lower) ?? []
  return name === undefined ? 0 : NUMBERS[name]! + Number(step) - 1
}
