import type { HclValue } from '../../wire/hcl/tree.ts'

/** As Vault reads flags and options: also as text and as 0 and 1. */
export function readBoolean(value: HclValue): boolean | undefined {
  if (value.kind === 'boolean') return value.value
  const text = value.kind === 'string' ? value.value : value.kind === 'number' ? value.text : ''
  if (/^(1|t|true|T|TRUE|True)$/.test(text)) return true
  return /^(0|f|false|F|FALSE|False)$/.test(text) ? false : undefined
}

export function readWhole(value: HclValue): number | undefined {
  const number =
    value.kind === 'number'
      ? value.value
      : value.kind === 'string' && /^-?\d+$/.test(value.value)
        ? Number(value.value)
        : Number.NaN
  return Number.isSafeInteger(number) ? number : undefined
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** A duration as Go writes it (`1h30m`), or a number of seconds → milliseconds. */
export function parseDurationMs(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000)
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d))+$/.test(text)) return undefined
  let sum = 0
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g))
    sum += Number(number) * UNITS_MS[unit!]!
  return Math.round(sum)
}

export function durationMs(value: HclValue): number | undefined {
  if (value.kind === 'number') return value.value >= 0 ? Math.round(value.value * 1000) : undefined
  return value.kind === 'string' ? parseDurationMs(value.value) : undefined
}

/** Milliseconds in the notation of our configuration. */
export function durationText(ms: number): string {
  if (ms % 3_600_000 === 0 && ms > 0) return `${ms / 3_600_000}h`
  if (ms % 60_000 === 0 && ms > 0) return `${ms / 60_000}m`
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}

/** A file mode as our configuration has it: text is octal, a number is what it is (`0640` in HCL is octal itself). */
export function fileMode(value: HclValue): string | undefined {
  if (value.kind === 'number')
    return value.value >= 0 && value.value <= 0o777 ? octal(value.value) : undefined
  return value.kind === 'string' && /^0?[0-7]{3}$/.test(value.value)
    ? octal(Number.parseInt(value.value, 8))
    : undefined
}

export function octal(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`
}
