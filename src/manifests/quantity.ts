import type { Json } from './json.ts'

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?$/
const MULTIPLES: Readonly<Record<string, number>> = {
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}
/** Larger ones are this one, as the API server takes them. */
const LARGEST = 2 ** 63
const PARTS: Readonly<Record<string, number>> = { m: 1e3, u: 1e6, n: 1e9 }

/**
 * A quantity of Kubernetes in its base unit, processors or bytes: `250m` is 0.25, `64Mi` 67108864. `1`, `1000m` and `1e0`
 * give the same number. undefined when it is none.
 */
export function parseQuantity(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string') return undefined
  const match = QUANTITY.exec(value)
  if (match === null) return undefined
  const [, digits = '', exponent = '', suffix = ''] = match
  const number = Number(digits + exponent)
  // Divided, not multiplied by a fraction, so that 300m is the same number as 0.3.
  const amount = PARTS[suffix] === undefined ? number * (MULTIPLES[suffix] ?? 1) : number / PARTS[suffix]
  return Math.max(-LARGEST, Math.min(LARGEST, amount))
}
