import { resolve } from 'node:path'
import { parseDuration } from '../../kernel/config/units.ts'
import type { Call } from '../call.ts'

export type Values = Call['values']

const MINUTE_MS = 60_000
const MAX_LIFETIME_MS = 90 * 24 * 3600_000
const DEFAULT_LIFETIME_MS = 24 * 3600_000

/** Which of the options that are needed, or not taken, is amiss; undefined when all is well. */
export function optionMistake(
  values: Values,
  required: readonly string[],
  optional: readonly string[],
): string | undefined {
  const given = Object.keys(values).filter(name => values[name] !== undefined)
  const foreign = given.find(name => !required.includes(name) && !optional.includes(name))
  if (foreign !== undefined) return `takes no --${foreign}`
  const missing = required.find(name => values[name] === undefined)
  if (missing !== undefined) return `--${missing} is missing`
  return given.includes('ttl') && lifetimeMs(values) === undefined
    ? `--ttl: expected a duration from 1m to 90d, such as 24h, got "${String(values['ttl'])}"`
    : undefined
}

/** --ttl; 24 hours unless given; undefined when it is no duration, or too short or long. */
export function lifetimeMs(values: Values): number | undefined {
  if (values['ttl'] === undefined) return DEFAULT_LIFETIME_MS
  const ms = parseDuration(String(values['ttl']))
  return ms !== undefined && ms >= MINUTE_MS && ms <= MAX_LIFETIME_MS ? ms : undefined
}

export function dnsNames(values: Values): string[] {
  return ((values['dns'] ?? []) as readonly string[]).map(String)
}

/** A folder that an option names, from where the command was called. */
export function folderOf(call: Call, option: string, otherwise = '.'): string {
  return resolve(call.io.cwd, String(call.values[option] ?? otherwise))
}
