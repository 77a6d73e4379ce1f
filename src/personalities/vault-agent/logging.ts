import type { Finding } from '../finding.ts'
import type { CommandLine } from './command-line.ts'
import { type Lookup, variableOf } from './connection.ts'
import { placeOutside } from './place.ts'
import type { Section } from './section.ts'

export interface Logging {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  readonly format: 'standard' | 'json'
  readonly file: string | undefined
  /** 0: no limit. */
  readonly rotateBytes: number
  readonly rotateDurationMs: number
  /** Of older files; 0: all are kept, -1: none. */
  readonly rotateMaxFiles: number
}

const DAY_MS = 86_400_000
const LEVELS: Readonly<Record<string, Logging['level']>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  err: 'error',
}

/** Flags before variables before the files, the last of which counts. */
export function readLogging(
  tops: readonly Section[],
  flags: CommandLine,
  environment: Lookup,
  findings: Finding[],
): Logging {
  const texts = (key: string) =>
    tops.map(top => top.text(key)).findLast(text => text !== undefined && text !== '')
  const wholes = (key: string) => tops.map(top => top.whole(key)).findLast(number => number !== undefined)
  const level = flags.logLevel ?? variableOf(environment, 'LOG_LEVEL') ?? texts('log_level') ?? 'info'
  const format = flags.logFormat ?? variableOf(environment, 'LOG_FORMAT') ?? texts('log_format') ?? 'standard'
  const known = LEVELS[level.trim().toLowerCase()]
  const tell = (subject: string, message: string) =>
    findings.push({ level: 'error', place: placeOutside(subject), subject: '', message })
  if (known === undefined) tell('log level', `expected trace, debug, info, warn or error, got "${level}"`)
  if (format !== '' && format !== 'standard' && format !== 'json')
    tell('log format', `expected standard or json, got "${format}"`)
  const duration = tops.map(top => top.duration('log_rotate_duration')).findLast(ms => ms !== undefined)
  return {
    level: known ?? 'info',
    format: format === 'json' ? 'json' : 'standard',
    file: flags.logFile ?? texts('log_file'),
    rotateBytes: flags.logRotateBytes ?? wholes('log_rotate_bytes') ?? 0,
    rotateDurationMs: flags.logRotateDurationMs ?? duration ?? DAY_MS,
    rotateMaxFiles: flags.logRotateMaxFiles ?? wholes('log_rotate_max_files') ?? 0,
  }
}
