import { GoUint, kindOf, typeNameOf, type Value } from '../../../../wire/gotemplate/value.ts'
import { type Family, fixed } from './define.ts'

interface Operation {
  readonly whole: (left: bigint, right: bigint) => bigint
  readonly float: (left: number, right: number) => number
}

/** The second argument comes first, so that it can be piped: `{{ 5 | subtract 2 }}` is 3. */
export const MATH: Family = [
  binary('add', { whole: (a, b) => a + b, float: (a, b) => a + b }),
  binary('subtract', { whole: (a, b) => a - b, float: (a, b) => a - b }),
  binary('multiply', { whole: (a, b) => a * b, float: (a, b) => a * b }),
  binary('divide', { whole: (a, b) => divided(a, b), float: (a, b) => a / b }),
  binary('modulo', {
    whole: (a, b) => (b === 0n ? divided(a, b) : a % b),
    float: () => {
      throw new Error('modulo: floats have no remainder')
    },
  }),
  binary('minimum', { whole: (a, b) => ordered(a, b)[0], float: Math.min }),
  binary('maximum', { whole: (a, b) => ordered(a, b)[1], float: Math.max }),
]

function binary(name: string, operation: Operation) {
  return fixed(name, ['any', 'any'], (right: Value, left: Value) => {
    const [a, b] = [numberOf(left, name), numberOf(right, name)]
    if (typeof a === 'number' || typeof b === 'number') return operation.float(Number(a), Number(b))
    const result = operation.whole(a, b)
    const areUnsigned = left instanceof GoUint && right instanceof GoUint
    return areUnsigned ? new GoUint(result) : BigInt.asIntN(64, result)
  })
}

function ordered(a: bigint, b: bigint): [bigint, bigint] {
  return a < b ? [a, b] : [b, a]
}

function divided(left: bigint, right: bigint): bigint {
  if (right === 0n) throw new Error('integer divide by zero')
  return left / right
}

function numberOf(value: Value, name: string): bigint | number {
  switch (kindOf(value)) {
    case 'int':
      return value as bigint
    case 'uint':
      return (value as GoUint).value
    case 'float64':
      return value as number
    default:
      throw new Error(`${name}: unknown type for a value of type ${typeNameOf(value)}`)
  }
}
