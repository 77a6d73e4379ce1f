import { JsonNumber, type LosslessJson } from '../../../wire/json/lossless.ts'
import { ApiRefusal, errors, type Fields } from './answer.ts'

const GO_UNITS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
}

/** A field that must be a mapping; undefined when it is missing or null. Vault's words where it is something else. */
export function mappingField(fields: Fields, name: string): Fields | undefined {
  const value = fields.get(name)
  if (value === undefined || value === null) return undefined
  if (value instanceof Map) return value
  // Vault looks into lists before it refuses them.
  const [place, wrong] = Array.isArray(value) ? ['[0]', value[0]] : ['', value]
  const got = wrong instanceof JsonNumber ? 'json.Number' : typeof wrong === 'boolean' ? 'bool' : 'string'
  throw refused(
    `error converting input for field ${quoted(name)}: '${place}' expected type 'map[string]interface {}', got unconvertible type '${got}'`,
  )
}

/** A whole number, also written as text. */
export function integerField(fields: Fields, name: string): number | undefined {
  const value = fields.get(name)
  if (value === undefined || value === null) return undefined
  const number = wholeNumber(value)
  if (number !== undefined) return number
  throw refused(
    `error converting input for field ${quoted(name)}: '' cannot parse value as 'int': strconv.ParseInt: invalid syntax`,
  )
}

export function booleanField(fields: Fields, name: string): boolean | undefined {
  const value = fields.get(name)
  if (value === undefined || value === null) return undefined
  const text = String(value)
  if (/^(?:1|t|true)$/i.test(text)) return true
  if (/^(?:0|f|false|)$/i.test(text)) return false
  throw refused(
    `error converting input for field ${quoted(name)}: '' cannot parse value as 'bool': strconv.ParseBool: invalid syntax`,
  )
}

/** Seconds, or a duration as Go writes it; in milliseconds. */
export function durationField(fields: Fields, name: string): number | undefined {
  const value = fields.get(name)
  if (value === undefined || value === null) return undefined
  const ms = durationMs(String(value))
  if (ms !== undefined && ms >= 0) return ms
  if (ms !== undefined)
    throw refused(
      `error converting input for field ${quoted(name)}: cannot provide negative value '${ms / 1000}'`,
    )
  throw refused(
    `error converting input for field ${quoted(name)}: time: invalid duration ${quoted(String(value))}`,
  )
}

/** A list of numbers, or one text with commas in between. */
export function versionsField(fields: Fields): readonly number[] | undefined {
  const value = fields.get('versions')
  if (value === undefined || value === null) return undefined
  const items: readonly LosslessJson[] =
    typeof value === 'string'
      ? value.split(',').map(each => each.trim())
      : Array.isArray(value)
        ? value
        : [value as LosslessJson]
  return items.map((item, index) => {
    const number = wholeNumber(item)
    if (number !== undefined) return number
    throw refused(
      `Field validation failed: error converting input for field "versions": decoding failed due to the following error(s):\n\n'[${index}]' cannot parse value as 'int': strconv.ParseInt: invalid syntax`,
    )
  })
}

/** A number of the query. */
export function queryInteger(query: URLSearchParams, name: string): number {
  const value = query.get(name)
  if (value === null) return 0
  const number = wholeNumber(value)
  if (number !== undefined) return number
  throw refused(
    `Field validation failed: error converting input for field ${quoted(name)}: '' cannot parse value as 'int': strconv.ParseInt: invalid syntax`,
  )
}

/** As Go prints a duration: `3h0m0s`. */
export function goDuration(ms: number): string {
  const sign = ms < 0 ? '-' : ''
  const total = Math.abs(ms) / 1000
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60]
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`
}

export function refused(message: string): ApiRefusal {
  return new ApiRefusal(errors(400, message))
}

function wholeNumber(value: LosslessJson): number | undefined {
  if (!(value instanceof JsonNumber) && typeof value !== 'string') return undefined
  const number = Number(String(value))
  return /^-?\d{1,15}$/.test(String(value)) ? number : undefined
}

function durationMs(text: string): number | undefined {
  if (/^-?\d{1,12}$/.test(text)) return Number(text) * 1000
  if (!/^-?(?:\d+(?:\.\d+)?(?:h|m|s|ms|us|µs|ns))+$/.test(text)) return undefined
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)
  const ms = [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * GO_UNITS[unit!]!, 0)
  return text.startsWith('-') ? -ms : ms
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
