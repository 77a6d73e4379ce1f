import { instant, isDate, type Zone } from './civil.ts'

/**
 * Milliseconds since the epoch of `YYYY-MM-DDTHH:MM:SS`, optionally with a fraction and `Z` or an offset
 * (RFC 3339; also with a blank for the T, a comma for the point, and offsets as `+0200` or `+02`).
 * A fraction finer than milliseconds is cut. NaN when the bytes are anything else.
 * Without an offset the time is in `zone`.
 */
export function parseIso8601(bytes: Uint8Array, start: number, end: number, zone: Zone = 0): number {
  if (end - start < 19) return Number.NaN
  const separator = bytes[start + 10] | 0x20
  if (bytes[start + 4] !== DASH || bytes[start + 7] !== DASH || (separator !== 0x74 && separator !== 0x20))
    return Number.NaN
  if (bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) return Number.NaN
  const year = two(bytes, start) * 100 + two(bytes, start + 2)
  const month = two(bytes, start + 5)
  const day = two(bytes, start + 8)
  const second = secondOfDay(two(bytes, start + 11), two(bytes, start + 14), two(bytes, start + 17))
  if (!isDate(year, month, day)) return Number.NaN
  let at = start + 19
  let fraction = 0
  if (at < end && (bytes[at] === 0x2e || bytes[at] === 0x2c)) {
    const first = ++at
    for (let scale = 100; at < end && isDigit(bytes[at]); at++, scale /= 10) {
      if (scale >= 1) fraction += (bytes[at] - 0x30) * scale
    }
    if (at === first) return Number.NaN
  }
  if (at < end && bytes[at] === 0x20) at++
  const offset = at === end ? zone : parseOffset(bytes, at, end)
  return instant(year, month, day, second, offset) + fraction
}

/** Minutes east of UTC of `Z`, `+HH:MM`, `+HHMM` or `+HH`; NaN when it is none of them. */
export function parseOffset(bytes: Uint8Array, start: number, end: number): number {
  const size = end - start
  const sign = bytes[start]
  if (size === 1) return (sign | 0x20) === 0x7a ? 0 : Number.NaN
  if (sign !== 0x2b && sign !== DASH) return Number.NaN
  const colon = size === 6 && bytes[start + 3] === COLON
  if (!colon && size !== 5 && size !== 3) return Number.NaN
  const hours = two(bytes, start + 1)
  const minutes = size === 3 ? 0 : two(bytes, start + (colon ? 4 : 3))
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN
  return (sign === DASH ? -1 : 1) * (hours * 60 + minutes)
}

/** Seconds since midnight; NaN when there is no such time. A leap second, :60, is the next minute's first. */
export function secondOfDay(hour: number, minute: number, second: number): number {
  return hour <= 23 && minute <= 59 && second <= 60 ? hour * 3600 + minute * 60 + second : Number.NaN
}

function two(bytes: Uint8Array, at: number): number {
  return isDigit(bytes[at]) && isDigit(bytes[at + 1])
    ? bytes[at] * 10 + bytes[at + 1] - 0x30 * 11
    : Number.NaN
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

const DASH = 0x2d
const COLON = 0x3a
