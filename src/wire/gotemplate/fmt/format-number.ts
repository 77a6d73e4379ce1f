import { isPrintable, quote } from '../quote.ts'
import type { GoComplex } from '../value.ts'
import { type Flags, padded } from './flags.ts'
import { formatFloat } from './float.ts'

const BASES: Readonly<Record<string, number>> = { b: 2, o: 8, O: 8, d: 10, v: 10, x: 16, X: 16 }
const FLOAT_VERBS = new Set(['v', 'b', 'g', 'G', 'x', 'X', 'f', 'F', 'e', 'E'])

/** Undefined for a verb that is none for integers. */
export function formatInteger(value: bigint, verb: string, flags: Flags): string | undefined {
  if (verb === 'c') return padded(charOf(value), flags)
  if (verb === 'q') return padded(quote(charOf(value), flags.plus, "'"), flags)
  if (verb === 'U') return padded(codePoint(value, flags), { ...flags, zero: false })
  const base = BASES[verb]
  if (base === undefined) return undefined
  if (flags.precision === 0 && value === 0n) return ' '.repeat(flags.width ?? 0)
  const isNegative = value < 0n
  const sign = isNegative ? '-' : flags.plus ? '+' : flags.space ? ' ' : ''
  // Zeros up to the width leave room for a sign and for no prefix.
  const toWidth = flags.zero && !flags.minus ? (flags.width ?? 0) - sign.length : 0
  let digits = (isNegative ? -value : value).toString(base).padStart(flags.precision ?? toWidth, '0')
  if (flags.sharp) digits = prefixed(digits, base)
  if (verb === 'O') digits = `0o${digits}`
  if (verb === 'X') digits = digits.toUpperCase()
  return padded(sign + digits, { ...flags, zero: false })
}

function prefixed(digits: string, base: number): string {
  if (base === 2) return `0b${digits}`
  if (base === 16) return `0x${digits}`
  return base === 8 && !digits.startsWith('0') ? `0${digits}` : digits
}

function charOf(value: bigint): string {
  const isChar = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn)
  return isChar ? String.fromCodePoint(Number(value)) : '\ufffd'
}

function codePoint(value: bigint, flags: Flags): string {
  const digits = BigInt.asUintN(64, value)
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, flags.precision ?? 4), '0')
  const char = value >= 0n && value <= 0x10ffffn ? String.fromCodePoint(Number(value)) : ''
  return flags.sharp && char !== '' && isPrintable(char) ? `U+${digits} '${char}'` : `U+${digits}`
}

/** Undefined for a verb that is none for floats. */
export function formatFloatVerb(value: number, verb: string, flags: Flags): string | undefined {
  if (!FLOAT_VERBS.has(verb)) return undefined
  const precision = flags.precision ?? ('fFeE'.includes(verb) ? 6 : -1)
  const written = formatFloat(value, verb === 'v' ? 'g' : verb, precision)
  const isNegative = written.startsWith('-')
  let text = written.replace(/^[-+]/, '')
  const sign = isNegative ? '-' : flags.plus ? '+' : flags.space ? ' ' : ''
  if (!Number.isFinite(value)) {
    const always = written.startsWith('+') && sign === '' ? '+' : sign
    return padded(always + text, { ...flags, zero: false })
  }
  if (flags.sharp && verb !== 'b') text = withPoint(text, verb, precision)
  // The sign comes before the zeros.
  if (flags.zero && !flags.minus && sign !== '') text = text.padStart((flags.width ?? 0) - 1, '0')
  return padded(sign + text, flags)
}

/** `#`: always with a point, and %g and %x keep zeros behind it. */
function withPoint(text: string, verb: string, precision: number): string {
  const isHex = verb === 'x' || verb === 'X'
  const end = text.search(isHex ? /[pP]/ : /[eEpP]/)
  const mantissa = end < 0 ? text : text.slice(0, end)
  const counted = 'vgGx'.includes(verb) ? (precision < 0 ? 6 : precision) : 0
  // As Go counts: from the first character that is no zero, be it the x of 0x.
  const significant = mantissa.replaceAll('.', '').replace(/^0+/, '').length
  const hasPoint = mantissa.includes('.')
  const ofZero = !hasPoint && mantissa === '0' ? 1 : 0
  const zeros = '0'.repeat(Math.max(0, counted - significant - ofZero))
  return `${mantissa}${hasPoint ? '' : '.'}${zeros}${end < 0 ? '' : text.slice(end)}`
}

/** Both parts by the same verb; that of the imaginary one has always a sign. */
export function formatComplex(
  { real, imaginary }: GoComplex,
  verb: string,
  flags: Flags,
): string | undefined {
  if (!FLOAT_VERBS.has(verb)) return undefined
  return `(${formatFloatVerb(real, verb, flags)}${formatFloatVerb(imaginary, verb, { ...flags, plus: true })}i)`
}
