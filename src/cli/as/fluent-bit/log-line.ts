import { type Format, jsonLine } from '../../../kernel/log/format.ts'
import type { Level } from '../../../kernel/log/log.ts'

const LEVELS: Readonly<Record<Level, string>> = {
  debug: 'debug',
  info: ' info',
  warn: ' warn',
  error: 'error',
}

/** What people look for in Fluent Bit's log at its end. */
function engineText(
  event: string,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): string | undefined {
  if (event === 'stopping' && /^SIG\w+ came/.test(message))
    return `[engine] caught signal (${String(fields['signal'])})`
  if (event === 'draining')
    return `[engine] service will shutdown in max ${Math.ceil(Number(fields['within_ms']) / 1000)} seconds`
  return undefined
}

/** A line as Fluent Bit's log has it: `[2026/01/02 03:04:05] [ info] [logs] message`, then the fields as JSON. */
export const fluentBitLine: Format = ({ timeMs, level, module, message, event, fields }, withStacks) => {
  const {
    time: _,
    level: __,
    module: ___,
    event: ____,
    message: _____,
    ...rest
  } = JSON.parse(jsonLine({ timeMs, level, module, event, message, fields }, withStacks)) as Record<
    string,
    unknown
  >
  const engine = engineText(event, message, rest)
  if (engine !== undefined) return logLine(timeMs, level, engine)
  const details = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`
  const text = message.replaceAll(/[\u0000-\u001f\u007f]/g, char => JSON.stringify(char).slice(1, -1))
  return logLine(timeMs, level, `[${module}] ${text}${details}`)
}

export function logLine(timeMs: number, level: Level, text: string): string {
  return `[${localTime(timeMs)}] [${LEVELS[level]}] ${text}\n`
}

/** In the zone of the process, as the original has it. */
function localTime(timeMs: number): string {
  const date = new Date(timeMs)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
