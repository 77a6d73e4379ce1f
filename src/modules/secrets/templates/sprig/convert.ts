import { printed } from '../../../../wire/gotemplate/fmt/print.ts'
import { readFloat, readInteger } from '../../../../wire/gotemplate/number.ts'
import {
  GoStruct,
  type GoUint,
  isTrue,
  kindOf,
  StringMap,
  stringIn,
  type Value,
} from '../../../../wire/gotemplate/value.ts'

/** How many elements or characters a function may make out of a number. */
export const MAX_MADE = 1_000_000

/** Whatever it is as an integer of 64 bits; zero where it is none. */
export function integerOf(value: Value): bigint {
  switch (kindOf(value)) {
    case 'int':
      return value as bigint
    case 'uint':
      return BigInt.asIntN(64, (value as GoUint).value)
    case 'float64':
      return Number.isFinite(value as number)
        ? BigInt.asIntN(64, BigInt(Math.trunc(value as number)))
        : -(2n ** 63n)
    case 'bool':
      return value === true ? 1n : 0n
    case 'string': {
      const number = readInteger(stringIn(value).replace(/\.0*$/, ''))
      return number === undefined || BigInt.asIntN(64, number) !== number ? 0n : number
    }
    default:
      return 0n
  }
}

/** Whatever it is as a float; zero where it is none. */
export function floatOf(value: Value): number {
  switch (kindOf(value)) {
    case 'float64':
      return value as number
    case 'string':
      return readFloat(stringIn(value)) ?? 0
    default:
      return Number(integerOf(value))
  }
}

/** Whatever it is as text. */
export function textOf(value: Value): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (value instanceof GoStruct && value.methods.has('String'))
    return value.methods.get('String')!.call([]) as string
  return kindOf(value) === 'string' ? stringIn(value) : printed(value)
}

/** Whether it counts as not given: zero, empty, false or nothing. A struct never does. */
export function isEmpty(value: Value): boolean {
  return kindOf(value) === 'struct' ? false : !isTrue(value)
}

/** The items of a list, or an error that says what the function wanted to do. */
export function itemsOf(value: Value, doing: string): Value[] {
  if (kindOf(value) !== 'slice') throw new Error(`Cannot ${doing} type ${goKind(value)}`)
  return Array.from(value as readonly Value[], item =>
    value instanceof Uint8Array ? BigInt(item as never) : item,
  )
}

/** All items of a list as texts, or the one text of what is no list. */
export function textsOf(value: Value): string[] {
  if (kindOf(value) === 'slice') return itemsOf(value, 'read').filter(isThere).map(textOf)
  return isThere(value) ? [textOf(value)] : []
}

export function isThere(value: Value): boolean {
  return value !== null && value !== undefined
}

export function dictOf(value: Value): Map<Value, Value> {
  if (value instanceof Map && !(value instanceof StringMap)) return value as Map<Value, Value>
  throw new Error(`expected a dict, got a value of kind ${goKind(value)}`)
}

/** The kind as reflect names it. */
export function goKind(value: Value): string {
  if (value instanceof GoStruct) return value.typeName.startsWith('*') ? 'ptr' : 'struct'
  return isThere(value) ? kindOf(value) : 'invalid'
}

/** A count that a function shall make something of. */
export function counted(count: bigint, each = 1): number {
  if (count < 0n) throw new Error('negative Repeat count')
  if (count * BigInt(each) > MAX_MADE) throw new Error(`more than ${MAX_MADE} characters or elements`)
  return Number(count)
}

/** Go's texts are bytes: one character for each of them, and back. */
export function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}

export function textOfBytes(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString()
}
