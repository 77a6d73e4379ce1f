import { printed } from '../../../../wire/gotemplate/fmt/print.ts'
import type { Value } from '../../../../wire/gotemplate/value.ts'
import { type Family, fixed, variadic } from '../functions/define.ts'
import { floatOf, integerOf, MAX_MADE } from './convert.ts'
import { added, type Decimal, decimalOf, divided, floatOfDecimal, multiplied, negated } from './decimal.ts'

/** Numbers: whatever is given is made one first, and is zero where it is none. */
export const NUMBERS: Family = [
  fixed('int', ['any'], integerOf),
  fixed('int64', ['any'], integerOf),
  fixed('float64', ['any'], floatOf),
  fixed('atoi', ['string'], (text: string) => (/^[+-]?\d+$/.test(text) ? clamped(BigInt(text)) : 0n)),
  fixed('toDecimal', ['any'], (value: Value) => {
    const text = printed(value)
    if (!/^[+-]?[0-7]+$/.test(text)) return 0n
    const number = BigInt(`0o${text.replace(/^[+-]/, '')}`)
    return text.startsWith('-') ? wrapped(-number) : wrapped(number)
  }),
  fixed('add1', ['any'], (value: Value) => wrapped(integerOf(value) + 1n)),
  variadic('add', ['any'], (...given: Value[]) =>
    given.reduce<bigint>((sum, each) => wrapped(sum + integerOf(each)), 0n),
  ),
  fixed('sub', ['any', 'any'], (left: Value, right: Value) => wrapped(integerOf(left) - integerOf(right))),
  fixed('div', ['any', 'any'], (left: Value, right: Value) => wrapped(integerOf(left) / divisor(right))),
  fixed('mod', ['any', 'any'], (left: Value, right: Value) => integerOf(left) % divisor(right)),
  variadic('mul', ['any', 'any'], (first: Value, ...others: Value[]) =>
    others.reduce<bigint>((product, each) => wrapped(product * integerOf(each)), integerOf(first)),
  ),
  fixed('add1f', ['any'], (value: Value) => exact(value, [1], added)),
  variadic('addf', ['any'], (...given: Value[]) => exact(0, given, added)),
  variadic('subf', ['any', 'any'], (first: Value, ...others: Value[]) =>
    exact(first, others, (left, right) => added(left, negated(right))),
  ),
  variadic('mulf', ['any', 'any'], (first: Value, ...others: Value[]) => exact(first, others, multiplied)),
  variadic('divf', ['any', 'any'], (first: Value, ...others: Value[]) => exact(first, others, divided)),
  ...['max', 'biggest'].map(name =>
    variadic(name, ['any', 'any'], (...given: Value[]) => given.map(integerOf).sort(byValue).at(-1)),
  ),
  variadic('min', ['any', 'any'], (...given: Value[]) => given.map(integerOf).sort(byValue)[0]),
  variadic('maxf', ['any', 'any'], (...given: Value[]) => Math.max(...given.map(floatOf))),
  variadic('minf', ['any', 'any'], (...given: Value[]) => Math.min(...given.map(floatOf))),
  fixed('ceil', ['any'], (value: Value) => Math.ceil(floatOf(value))),
  fixed('floor', ['any'], (value: Value) => Math.floor(floatOf(value))),
  variadic('round', ['any', 'int', 'float64'], (value: Value, places: bigint, from = 0.5) => {
    const power = 10 ** Number(places)
    const shifted = floatOf(value) * power
    const fraction = shifted - Math.trunc(shifted)
    return (fraction >= (from as number) ? Math.ceil(shifted) : Math.floor(shifted)) / power
  }),
  fixed('until', ['int'], (count: bigint) => steps(0n, count, count < 0n ? -1n : 1n)),
  fixed('untilStep', ['int', 'int', 'int'], steps),
  variadic('seq', ['int'], (...given: bigint[]) => sequence(given).join(' ')),
  fixed('randInt', ['int', 'int'], (from: bigint, to: bigint) => {
    if (to <= from) throw new Error('the second number must be larger than the first')
    const { randomBytes } = process.getBuiltinModule('node:crypto')
    // Sixty-four bits more than needed: no number is more likely than another by anything that counts.
    return from + (BigInt(`0x${randomBytes(16).toString('hex')}`) % (to - from))
  }),
]

function exact(
  first: Value,
  others: readonly Value[],
  operation: (left: Decimal, right: Decimal) => Decimal,
) {
  return floatOfDecimal(
    others.reduce<Decimal>(
      (left, each) => operation(left, decimalOf(floatOf(each))),
      decimalOf(floatOf(first)),
    ),
  )
}

function steps(from: bigint, to: bigint, step: bigint): bigint[] {
  const made: bigint[] = []
  if (to < from ? step >= 0n : step <= 0n) return made
  if ((to - from) / step > MAX_MADE) throw new Error(`more than ${MAX_MADE} numbers`)
  for (let at = from; to < from ? at > to : at < to; at += step) made.push(at)
  return made
}

/** As seq of the shell: to the last, or from the first by steps to the last; the last one belongs to it. */
function sequence(given: readonly bigint[]): bigint[] {
  if (given.length === 0 || given.length > 3) return []
  const [from, to] = given.length === 1 ? [1n, given[0]!] : [given[0]!, given.at(-1)!]
  const direction = to < from ? -1n : 1n
  const step = given.length === 3 ? given[1]! : direction
  if (direction < 0n && step > 0n) return []
  return steps(from, to + direction, step)
}

function divisor(value: Value): bigint {
  const number = integerOf(value)
  if (number === 0n) throw new Error('runtime error: integer divide by zero')
  return number
}

function byValue(left: bigint, right: bigint): number {
  return left < right ? -1 : Number(left > right)
}

function wrapped(value: bigint): bigint {
  return BigInt.asIntN(64, value)
}

function clamped(value: bigint): bigint {
  const most = 2n ** 63n - 1n
  return value > most ? most : value < -most - 1n ? -most - 1n : value
}
