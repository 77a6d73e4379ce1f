/** Durations of the Gateway API (GEP-2257): one to four times digits and unit. */
export const DURATION = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/

/** `1m30s` → milliseconds; the text fits `DURATION`. Zero stays zero: what it means is the field's matter. */
export function durationMs(text: string): number {
  let sum = 0
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|h|m|s)/g))
    sum += Number(amount) * UNITS[unit as Unit]
  return sum
}

const UNITS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }
type Unit = keyof typeof UNITS
