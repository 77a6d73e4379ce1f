/** A decimal number without an end to its digits: digits × 10^exponent. */
export interface Decimal {
  readonly digits: bigint
  readonly exponent: number
}

/** Digits behind the point of a quotient. */
const PRECISION = 16

/** Of the shortest text of a float. */
export function decimalOf(float: number): Decimal {
  if (!Number.isFinite(float)) throw new Error('cannot create a decimal from NaN or infinity')
  const [, whole, fraction = '', exponent = '0'] = /^(-?\d+)(?:\.(\d+))?(?:e(.+))?$/.exec(String(float))!
  return { digits: BigInt(whole! + fraction), exponent: Number(exponent) - fraction.length }
}

export function floatOfDecimal({ digits, exponent }: Decimal): number {
  return Number(`${digits}e${exponent}`)
}

export function added(left: Decimal, right: Decimal): Decimal {
  const exponent = Math.min(left.exponent, right.exponent)
  return { digits: scaled(left, exponent) + scaled(right, exponent), exponent }
}

export function negated({ digits, exponent }: Decimal): Decimal {
  return { digits: -digits, exponent }
}

export function multiplied(left: Decimal, right: Decimal): Decimal {
  return { digits: left.digits * right.digits, exponent: left.exponent + right.exponent }
}

/** Rounded to 16 digits behind the point, halves away from zero. */
export function divided(left: Decimal, right: Decimal): Decimal {
  if (right.digits === 0n) throw new Error('decimal division by 0')
  const shift = left.exponent - right.exponent + PRECISION
  const above = shift >= 0 ? left.digits * 10n ** BigInt(shift) : left.digits
  const below = shift >= 0 ? right.digits : right.digits * 10n ** BigInt(-shift)
  const [quotient, rest] = [above / below, above % below]
  const isNegative = above < 0n !== below < 0n
  const isUp = 2n * magnitude(rest) >= magnitude(below)
  return { digits: quotient + (isUp ? (isNegative ? -1n : 1n) : 0n), exponent: -PRECISION }
}

function scaled({ digits, exponent }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(exponent - to)
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}
