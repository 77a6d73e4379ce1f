import {
  compareTexts,
  type GoComplex,
  GoStruct,
  type GoUint,
  kindOf,
  stringIn,
  typeNameOf,
  type Value,
} from './value.ts'

const BASIC_KINDS = ['bool', 'int', 'uint', 'float64', 'complex128', 'string'] as const
type BasicKind = (typeof BASIC_KINDS)[number]

/** The kinds that can be compared by order or as values; undefined for the others. */
function basicKind(value: Value): BasicKind | undefined {
  const kind = kindOf(value)
  return BASIC_KINDS.find(each => each === kind)
}

/** Whether the first is one of the others. Throws for what Go does not compare. */
export function isEqual(first: Value, others: readonly Value[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison')
  return others.some(other => isEqualTo(first, other))
}

function isEqualTo(left: Value, right: Value): boolean {
  const [leftKind, rightKind] = [basicKind(left), basicKind(right)]
  if (leftKind !== rightKind) {
    if (leftKind === 'int' && rightKind === 'uint') return (left as bigint) === (right as GoUint).value
    if (leftKind === 'uint' && rightKind === 'int') return (left as GoUint).value === (right as bigint)
    if (isNothing(left) || isNothing(right)) return false
    throw incompatible(left, right)
  }
  switch (leftKind) {
    case 'string':
      return stringIn(left) === stringIn(right)
    case 'uint':
      return (left as GoUint).value === (right as GoUint).value
    case 'complex128':
      return isSameComplex(left as GoComplex, right as GoComplex)
    case undefined:
      return areSame(left, right)
    default:
      return left === right
  }
}

function isSameComplex(left: GoComplex, right: GoComplex): boolean {
  return left.real === right.real && left.imaginary === right.imaginary
}

function isNothing(value: Value): boolean {
  return value === null || value === undefined
}

function areSame(left: Value, right: Value): boolean {
  if (isNothing(left) || isNothing(right)) return isNothing(left) && isNothing(right)
  if (kindOf(left) !== kindOf(right))
    throw new Error(`non-comparable types ${typeNameOf(left)}, ${typeNameOf(right)}`)
  if (left instanceof GoStruct) return left === right
  throw new Error(`non-comparable type ${typeNameOf(right)}`)
}

function incompatible(left: Value, right: Value): Error {
  return new Error(`incompatible types for comparison: ${typeNameOf(left)} and ${typeNameOf(right)}`)
}

/** Throws for what has no order. */
export function isLess(left: Value, right: Value): boolean {
  const [leftKind, rightKind] = [basicKind(left), basicKind(right)]
  if (leftKind === undefined || rightKind === undefined) throw new Error('invalid type for comparison')
  if (leftKind !== rightKind) {
    if (leftKind === 'int' && rightKind === 'uint') return (left as bigint) < (right as GoUint).value
    if (leftKind === 'uint' && rightKind === 'int') return (left as GoUint).value < (right as bigint)
    throw incompatible(left, right)
  }
  switch (leftKind) {
    case 'bool':
    case 'complex128':
      throw new Error('invalid type for comparison')
    case 'string':
      return compareTexts(stringIn(left), stringIn(right)) < 0
    case 'uint':
      return (left as GoUint).value < (right as GoUint).value
    default:
      return (left as number) < (right as number)
  }
}
