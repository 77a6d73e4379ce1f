import type { Fields, Level } from './log.ts'
import type { LogRecord } from './record.ts'

/** How a record becomes a line, with its line feed. */
export type Format = (record: LogRecord, withStacks: boolean) => string

/** One JSON object a line: time, level, module, event, message, then the fields; a field whose name is taken becomes `field_<name>`. */
export const jsonLine: Format = ({ timeMs, level, module, event, message, fields }, withStacks) => {
  const line: Record<string, unknown> = {
    time: new Date(timeMs).toISOString(),
    level,
    module,
    event,
    message,
  }
  for (const [name, value] of Object.entries(plain(fields, withStacks))) {
    line[Object.hasOwn(line, name) ? `field_${name}` : name] = value
  }
  return `${JSON.stringify(line)}\n`
}

/** For reading: `15:04:05.123 warn  logs     message  event key=value`. */
export function textLine(colours: boolean): Format {
  const paint = colours
    ? (code: string, text: string) => `\u001b[${code}m${text}\u001b[0m`
    : (_: string, text: string) => text
  return ({ timeMs, level, module, event, message, fields }, withStacks) => {
    const time = paint('2', new Date(timeMs).toISOString().slice(11, 23))
    const pairs = Object.entries(plain(fields, withStacks)).map(([name, value]) => `${name}=${shown(value)}`)
    const details = paint('2', [event, ...pairs].join(' '))
    return `${time} ${paint(COLOUR[level], level.padEnd(5))} ${module.padEnd(8)} ${printable(message)}  ${details}\n`
  }
}

const COLOUR: Readonly<Record<Level, string>> = { debug: '36', info: '32', warn: '33', error: '31' }

/** Errors as name, message and code; what JSON cannot carry as text; never throws. */
function plain(fields: Fields, withStacks: boolean): Record<string, unknown> {
  const seen: object[] = []
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) result[name] = plainValue(value, withStacks, seen)
  }
  return result
}

const MAX_DEPTH = 6
const MAX_BYTES = 1024

function plainValue(value: unknown, withStacks: boolean, seen: object[]): unknown {
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function')
    return String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (seen.includes(value)) return '<circular>'
  if (seen.length >= MAX_DEPTH) return '<deep>'
  seen.push(value)
  try {
    return plainObject(value, withStacks, seen)
  } catch (error) {
    return `<unprintable: ${String(error)}>`
  } finally {
    seen.pop()
  }
}

function plainObject(value: object, withStacks: boolean, seen: object[]): unknown {
  const inside = (item: unknown) => plainValue(item, withStacks, seen)
  if (value instanceof Error) return plainError(value, withStacks, seen)
  if (value instanceof Uint8Array) return Buffer.from(value.subarray(0, MAX_BYTES)).toString()
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]) => [String(key), inside(item)]))
  if (value instanceof Set) return [...value].map(inside)
  if ('toJSON' in value && typeof value.toJSON === 'function') return inside(value.toJSON())
  if (Array.isArray(value)) return value.map(inside)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inside(item)]))
}

function plainError(error: Error, withStacks: boolean, seen: object[]): Record<string, unknown> {
  const { code } = error as NodeJS.ErrnoException
  return {
    message: errorText(error),
    ...(code !== undefined && { code: String(code) }),
    ...(withStacks && error.stack && { stack: error.stack }),
    ...(withStacks && error.cause !== undefined && { cause: plainValue(error.cause, withStacks, seen) }),
  }
}

/** An error in one sentence, with what caused it. The message of an AggregateError is often empty: its parts speak for it. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const parts = error instanceof AggregateError ? error.errors.map(errorText).join('; ') : ''
  const own = error.message || parts || (error as NodeJS.ErrnoException).code || error.name
  if (!(error.cause instanceof Error) || error.cause === error) return own
  const cause = errorText(error.cause)
  return own.includes(cause) ? own : `${own}: ${cause}`
}

function shown(value: unknown): string {
  if (typeof value === 'string')
    return /^[^\s"=\u0000-\u001f\u007f-\u009f]+$/.test(value) ? value : JSON.stringify(value)
  return JSON.stringify(value)
}

/** Control characters could move the cursor of a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, char => JSON.stringify(char).slice(1, -1))
}
