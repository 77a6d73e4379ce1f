import type { JsonObject } from '../../manifests/json.ts'

/** What Compose gives a service to end after SIGTERM, where nothing is said. */
export const DEFAULT_GRACE_MS = 10_000

const UNITS_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  ns: 1e-6,
}

/** `stop_grace_period` of a service, undefined where it cannot be known. */
export function graceMsOf(service: JsonObject): number | undefined {
  const value = service['stop_grace_period']
  return value === undefined || value === null ? DEFAULT_GRACE_MS : parseDuration(value)
}

/** A duration of Compose such as `1m30s` or `500ms`. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^(\d+(\.\d+)?(h|ms|us|ns|m|s))+$/.test(value)) return undefined
  let sum = 0
  for (const [, number = '', unit = ''] of value.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)/g))
    sum += Number(number) * UNITS_MS[unit]!
  return sum
}

export function formatDuration(durationMs: number): string {
  const whole = Math.ceil(durationMs)
  return whole % 1000 === 0 ? `${whole / 1000}s` : `${whole}ms`
}
