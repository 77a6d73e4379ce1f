import { JsonNumber } from '../json/lossless.ts'

/**
 * A value of Go as templates see it. What JavaScript has stands for what Go has:
 *
 * | Go                    | here                                       |
 * |-----------------------|--------------------------------------------|
 * | nil                   | null                                       |
 * | no value at all       | undefined (prints `<no value>`)            |
 * | bool, string          | boolean, string                            |
 * | int                   | bigint, within 64 bits                     |
 * | uint                  | GoUint                                     |
 * | float64               | number                                     |
 * | complex128            | GoComplex                                  |
 * | json.Number           | JsonNumber: a string to compare and print  |
 * | []byte                | Uint8Array                                 |
 * | []any                 | array                                      |
 * | map[…]any             | Map; its keys are strings, bigints, …      |
 * | struct, pointer to it | GoStruct                                   |
 * | func                  | GoFunction                                 |
 */
export type Value =
  | null
  | undefined
  | boolean
  | string
  | bigint
  | number
  | GoUint
  | GoComplex
  | JsonNumber
  | Uint8Array
  | readonly Value[]
  | ReadonlyMap<Value, Value>
  | GoStruct
  | GoFunction

/** An unsigned integer, which prints and compares like one. */
export class GoUint {
  readonly value: bigint

  constructor(value: bigint) {
    this.value = BigInt.asUintN(64, value)
  }
}

/** A complex number, which only a constant of a template is: it is printed and compared. */
export class GoComplex {
  readonly real: number
  readonly imaginary: number

  constructor(real: number, imaginary: number) {
    this.real = real
    this.imaginary = imaginary
  }
}

/** A map whose values are all strings: a key that it does not have is the empty one. */
export class StringMap extends Map<Value, Value> {}

/** A slice whose elements are all strings. */
export class StringSlice extends Array<Value> {}

/** A struct: its exported fields in their order, and methods. A field that it does not have is an error of the template. */
export class GoStruct {
  /** As Go prints it, such as `*dependency.Secret`. */
  readonly typeName: string
  readonly fields: ReadonlyMap<string, Value>
  readonly methods: ReadonlyMap<string, GoFunction>

  constructor(
    typeName: string,
    fields: Readonly<Record<string, Value>>,
    methods: Readonly<Record<string, GoFunction>> = {},
  ) {
    this.typeName = typeName
    this.fields = new Map(Object.entries(fields))
    this.methods = new Map(Object.entries(methods))
  }
}

/** What a function takes as an argument; `any` unless said. A constant is read as this kind, other values must be of it. */
export type ParameterKind = 'any' | 'bool' | 'string' | 'int' | 'uint' | 'float64'

/** A function that templates can call. What it throws becomes an error of the template, with its place. */
export class GoFunction {
  readonly name: string
  /** How many arguments it takes at least and, without `most`, at most. */
  readonly least: number
  readonly most: number
  /** Of the arguments in their order; the last one holds for all that follow. */
  readonly parameters: readonly ParameterKind[]
  readonly #call: (...given: Value[]) => Value

  constructor(
    name: string,
    least: number,
    most: number,
    call: (...given: Value[]) => Value,
    parameters: readonly ParameterKind[] = ['any'],
  ) {
    this.name = name
    this.least = least
    this.most = most
    this.parameters = parameters
    this.#call = call
  }

  call(given: readonly Value[]): Value {
    return this.#call(...given)
  }

  parameter(index: number): ParameterKind {
    return this.parameters[Math.min(index, this.parameters.length - 1)] ?? 'any'
  }
}

/** The kinds of reflect that templates tell apart. */
export type Kind =
  | 'invalid'
  | 'nil'
  | 'bool'
  | 'string'
  | 'int'
  | 'uint'
  | 'float64'
  | 'complex128'
  | 'slice'
  | 'map'
  | 'struct'
  | 'func'

export function kindOf(value: Value): Kind {
  if (value === undefined) return 'invalid'
  if (value === null) return 'nil'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'string':
      return 'string'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float64'
  }
  if (value instanceof JsonNumber) return 'string'
  if (value instanceof GoUint) return 'uint'
  if (value instanceof GoComplex) return 'complex128'
  if (value instanceof GoStruct) return 'struct'
  if (value instanceof GoFunction) return 'func'
  return value instanceof Map ? 'map' : 'slice'
}

/** The type as Go names it in messages and by %T. */
export function typeNameOf(value: Value): string {
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      return '<nil>'
    case 'string':
      return value instanceof JsonNumber ? 'json.Number' : 'string'
    case 'slice':
      return value instanceof Uint8Array
        ? '[]uint8'
        : value instanceof StringSlice
          ? '[]string'
          : '[]interface {}'
    case 'map':
      return mapTypeName(value as ReadonlyMap<Value, Value>)
    case 'struct':
      return (value as GoStruct).typeName
    case 'func':
      return 'func(...interface {}) (interface {}, error)'
    default:
      return kindOf(value)
  }
}

function mapTypeName(map: ReadonlyMap<Value, Value>): string {
  const key = map.keys().next().value
  const keyType = key === undefined || typeof key === 'string' ? 'string' : typeNameOf(key)
  return `map[${keyType}]${map instanceof StringMap ? 'string' : 'interface {}'}`
}

/** What `if` makes of a value: false for zero, for what is empty and for nothing. */
export function isTrue(value: Value): boolean {
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      return false
    case 'bool':
      return value as boolean
    case 'string':
      return (value instanceof JsonNumber ? value.text : (value as string)).length > 0
    case 'int':
      return value !== 0n
    case 'uint':
      return (value as GoUint).value !== 0n
    case 'float64':
      return value !== 0
    case 'complex128':
      return (value as GoComplex).real !== 0 || (value as GoComplex).imaginary !== 0
    case 'slice':
      return (value as readonly Value[]).length > 0
    case 'map':
      return (value as ReadonlyMap<Value, Value>).size > 0
    default:
      return true
  }
}

/** The text of what is of kind string. */
export function stringIn(value: Value): string {
  return value instanceof JsonNumber ? value.text : (value as string)
}

/** A map's entries in the order in which Go walks and prints them: by key. */
export function sortedEntries(map: ReadonlyMap<Value, Value>): [Value, Value][] {
  return [...map].sort(([left], [right]) => compareKeys(left, right))
}

const KEY_ORDER: readonly Kind[] = ['nil', 'bool', 'int', 'uint', 'float64', 'string']

function compareKeys(left: Value, right: Value): number {
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right)
  const [leftKind, rightKind] = [kindOf(left), kindOf(right)]
  if (leftKind !== rightKind) return KEY_ORDER.indexOf(leftKind) - KEY_ORDER.indexOf(rightKind)
  if (leftKind === 'string') return compareTexts(stringIn(left), stringIn(right))
  const [a, b] = left instanceof GoUint && right instanceof GoUint ? [left.value, right.value] : [left, right]
  return a! < b! ? -1 : a! > b! ? 1 : 0
}

/** By the bytes of their UTF-8, which is the order of their code points. */
export function compareTexts(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at++) {
    const [a, b] = [left.charCodeAt(at), right.charCodeAt(at)]
    if (a === b) continue
    // Halves of what lies beyond the 16 bits come after all that lies within.
    const [high, other] = [a >= 0xd800 && a <= 0xdfff, b >= 0xd800 && b <= 0xdfff]
    if (high !== other) return high ? 1 : -1
    return a - b
  }
  return left.length - right.length
}
