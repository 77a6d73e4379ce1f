/** A stored record as a line for a terminal: `2026-11-22T15:04:05.123Z ERROR message  field=value …`. */
export function recordLine(record: Buffer, timeMs: number, colours: boolean): string {
  const paint = (code: string, text: string) =>
    colours && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text
  const time = paint('2', new Date(timeMs).toISOString())
  const fields = parsed(record)
  if (fields === undefined) return `${time} ${printable(record.toString())}\n`
  const level = take(fields, LEVELS, levelName) ?? levelOfStatus(fields['status'])
  const message =
    take(fields, MESSAGES, value => (typeof value === 'string' ? value : undefined)) ?? request(fields)
  take(fields, TIMES, () => '')
  const rest = Object.entries(fields).map(
    ([name, value]) => `${paint('2', `${printable(name)}=`)}${shown(value)}`,
  )
  const mark = paint(COLOURS[level] ?? '0', level.toUpperCase().padEnd(5))
  const text = printable(message ?? '').replaceAll('\n', '\n    ')
  return `${[time, mark, text, ...rest].filter(part => part !== '').join(' ')}\n`
}

const LEVELS = ['level', 'severity', 'lvl', 'loglevel', 'log.level']
const MESSAGES = ['message', 'msg', 'log', 'text']
const TIMES = ['time', 'timestamp', '@timestamp', 'ts']
const COLOURS: Readonly<Record<string, string>> = {
  trace: '36',
  debug: '36',
  info: '32',
  warn: '33',
  error: '31',
  fatal: '1;31',
}
/** Names that mean one of the above. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  warning: 'warn',
  err: 'error',
  information: 'info',
  notice: 'info',
  critical: 'fatal',
  panic: 'fatal',
}

function parsed(record: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(record.toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Removes the first of these fields that has a fitting value, and returns it. */
function take(
  fields: Record<string, unknown>,
  names: readonly string[],
  fitting: (value: unknown) => string | undefined,
): string | undefined {
  for (const name of names) {
    const value = Object.hasOwn(fields, name) ? fitting(fields[name]) : undefined
    if (value === undefined) continue
    delete fields[name]
    return value
  }
  return undefined
}

/** Numbers are those of the Bunyan family: 30 is info. */
function levelName(value: unknown): string | undefined {
  if (typeof value === 'number') return ['trace', 'debug', 'info', 'warn', 'error', 'fatal'][value / 10 - 1]
  if (typeof value !== 'string') return undefined
  const name = printable(value).toLowerCase()
  return OTHER_NAMES[name] ?? name
}

function levelOfStatus(status: unknown): string {
  if (typeof status !== 'number') return ''
  if (status >= 500) return 'error'
  return status >= 400 ? 'warn' : 'info'
}

/** An access log has no message; its request line says most. */
function request(fields: Record<string, unknown>): string | undefined {
  const { method, path, status } = fields
  if (typeof method !== 'string' || typeof path !== 'string') return undefined
  delete fields['method']
  delete fields['path']
  delete fields['status']
  return `${method} ${path}${status === undefined ? '' : ` ${String(status)}`}`
}

function shown(value: unknown): string {
  if (typeof value === 'string' && value !== '' && !/[\s"=]/.test(value)) return printable(value)
  return printable(JSON.stringify(value))
}

/** A record must not move the cursor or change the colours of the terminal that shows it. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, character =>
    character === '\t' ? ' ' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
