import { readInteger } from '../../../../wire/gotemplate/number.ts'
import {
  type GoUint,
  kindOf,
  sortedEntries,
  stringIn,
  typeNameOf,
  type Value,
} from '../../../../wire/gotemplate/value.ts'
import { sameData } from '../../secret/same-data.ts'
import { type Family, fixed, variadic } from './define.ts'

/** How far `loop` counts. */
const MAX_LOOP = 1_000_000

/** Lists and mappings. */
export const COLLECTIONS: Family = [
  fixed('in', ['any', 'any'], (list: Value, item: Value) => isIn(list, item)),
  fixed('contains', ['any', 'any'], (item: Value, list: Value) => isIn(list, item)),
  fixed('containsAll', ['any', 'any'], (items: Value, list: Value) =>
    listOf(items).every(each => isIn(list, each)),
  ),
  fixed('containsAny', ['any', 'any'], (items: Value, list: Value) =>
    listOf(items).some(each => isIn(list, each)),
  ),
  fixed(
    'containsNone',
    ['any', 'any'],
    (items: Value, list: Value) => !listOf(items).some(each => isIn(list, each)),
  ),
  fixed(
    'containsNotAll',
    ['any', 'any'],
    (items: Value, list: Value) => !listOf(items).every(each => isIn(list, each)),
  ),
  fixed('explodeMap', ['any'], (map: Value) => exploded(mapOf(map, 'explodeMap'))),
  variadic('mergeMap', ['any', 'any'], (into: Value, ...from: Value[]) => merged(into, from, false)),
  variadic('mergeMapWithOverride', ['any', 'any'], (into: Value, ...from: Value[]) =>
    merged(into, from, true),
  ),
  variadic('loop', ['any', 'any'], (first: Value, ...others: Value[]) => {
    if (others.length > 1)
      throw new Error(`loop: wrong number of arguments, expected 1 or 2, but got ${others.length + 1}`)
    const [from, to] = others.length === 0 ? [0n, wholeOf(first)] : [wholeOf(first), wholeOf(others[0])]
    if (to - from > MAX_LOOP) throw new Error(`loop: more than ${MAX_LOOP} turns`)
    return Array.from({ length: Math.max(0, Number(to - from)) }, (_, n) => from + BigInt(n))
  }),
]

function isIn(list: Value, item: Value): boolean {
  switch (kindOf(list)) {
    case 'slice':
      return Array.from(list as readonly Value[]).some(each => sameData(each, item))
    case 'string':
      return kindOf(item) === 'string' && stringIn(list).includes(stringIn(item))
    default:
      return false
  }
}

function listOf(value: Value): readonly Value[] {
  if (kindOf(value) === 'slice') return Array.from(value as readonly Value[])
  throw new Error(`expected a list, got a value of type ${typeNameOf(value)}`)
}

function mapOf(value: Value, name: string): ReadonlyMap<Value, Value> {
  if (value instanceof Map) return value as ReadonlyMap<Value, Value>
  throw new Error(`${name}: expected a map, got a value of type ${typeNameOf(value)}`)
}

/** Keys with slashes become maps in maps. */
function exploded(map: ReadonlyMap<Value, Value>): Value {
  const root = new Map<Value, Value>()
  for (const [key, value] of sortedEntries(map)) {
    const parts = stringIn(key).split('/')
    let at = root
    for (const part of parts.slice(0, -1)) {
      const inner = at.get(part)
      if (inner !== undefined && !(inner instanceof Map))
        throw new Error(`not a map: ${JSON.stringify(part)}: already has a value`)
      const next = (inner as Map<Value, Value> | undefined) ?? new Map<Value, Value>()
      at.set(part, next)
      at = next
    }
    at.set(parts.at(-1)!, value)
  }
  return root
}

/** Deep: maps in maps are merged too. What the first one has stays, unless it is to be overridden. */
export function merged(into: Value, from: readonly Value[], override: boolean): Value {
  const result = new Map(mapOf(into, 'mergeMap'))
  for (const each of from)
    for (const [key, value] of mapOf(each, 'mergeMap')) {
      const present = result.get(key)
      if (present instanceof Map && value instanceof Map)
        result.set(key, merged(present as Value, [value as Value], override))
      else if (override || (value !== null && (!result.has(key) || isEmpty(present)))) result.set(key, value)
    }
  return result
}

/** What merging takes for not there. */
function isEmpty(value: Value): boolean {
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      return true
    case 'string':
      return stringIn(value) === ''
    case 'bool':
      return value === false
    case 'int':
      return value === 0n
    case 'float64':
      return value === 0
    case 'slice':
      return (value as readonly Value[]).length === 0
    case 'map':
      return (value as ReadonlyMap<Value, Value>).size === 0
    default:
      return false
  }
}

function wholeOf(value: Value): bigint {
  switch (kindOf(value)) {
    case 'int':
      return value as bigint
    case 'uint':
      return (value as GoUint).value
    case 'float64':
      return BigInt(Math.trunc(value as number))
    case 'string': {
      const number = readInteger(stringIn(value))
      if (number !== undefined) return number
    }
  }
  throw new Error(`loop: bad type: a value of type ${typeNameOf(value)}`)
}
