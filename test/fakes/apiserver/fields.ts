import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cause } from './failure.ts'
import { isTree, type Tree } from './tree.ts'

/**
 * One field of a type. `fields.txt` has a type a line, made from the OpenAPI document of Kubernetes 1.37:
 * `name!:[key,key]Type` is required, a list whose items are told apart by these keys (the first one is that of
 * strategic patches; `[=key]` only of server-side apply; `[*]` a merged list of scalars), `[]` a list that is
 * replaced as a whole, `{}` a mapping.
 */
export interface Field {
  readonly required: boolean
  readonly type: FieldType
}

export type FieldType =
  | { readonly of: 'scalar'; readonly scalar: string }
  | { readonly of: 'object'; readonly name: string }
  | { readonly of: 'map'; readonly item: FieldType }
  | {
      readonly of: 'list'
      readonly item: FieldType
      readonly keys: readonly string[]
      readonly merges: boolean
      readonly set: boolean
    }

const SCALARS = new Set(['string', 'int', 'bool', 'number', 'quantity', 'time', 'bytes', 'any', 'int|string'])

let table: Map<string, Map<string, Field>> | undefined

/** The fields of a type such as `core.v1.PodSpec`. */
export function fieldsOf(type: string): Map<string, Field> {
  table ??= readTable()
  const fields = table.get(type)
  if (fields === undefined) throw new Error(`fields.txt has no type ${type}`)
  return fields
}

function readTable(): Map<string, Map<string, Field>> {
  const text = readFileSync(join(import.meta.dirname, 'fields.txt'), 'utf8')
  return new Map(
    text.split('\n').flatMap(line => {
      const [name = '', ...fields] = line.split(' ')
      if (name === '') return []
      return [[name, new Map(fields.filter(field => field !== '').map(readField))] as const]
    }),
  )
}

function readField(text: string): [string, Field] {
  const at = text.indexOf(':')
  const required = text[at - 1] === '!'
  return [text.slice(0, required ? at - 1 : at), { required, type: readType(text.slice(at + 1)) }]
}

function readType(text: string): FieldType {
  if (text.startsWith('{}')) return { of: 'map', item: readType(text.slice(2)) }
  if (text.startsWith('[')) {
    const end = text.indexOf(']')
    const inside = text.slice(1, end)
    const keys = inside.replace(/^[=*]/, '').split(',').filter(Boolean)
    const merges = inside !== '' && !inside.startsWith('=')
    return {
      of: 'list',
      item: readType(text.slice(end + 1)),
      keys,
      merges,
      set: inside === '*' || inside === '=',
    }
  }
  return SCALARS.has(text) ? { of: 'scalar', scalar: text } : { of: 'object', name: text }
}

export interface Shape {
  /** Fields that nobody knows; the server drops them, or refuses them when it is to be strict. */
  readonly unknown: string[]
  /** Wrong types: the server cannot read the object. */
  readonly unreadable: string[]
  /** Required fields that are not there. */
  readonly missing: Cause[]
}

/** What of the value is not as its type says, and the value without what is unknown. */
export function shaped(type: string, value: Tree): { value: Tree; shape: Shape } {
  const shape: Shape = { unknown: [], unreadable: [], missing: [] }
  return { value: readObject(type, value, '', shape) as Tree, shape }
}

function readObject(type: string, value: unknown, path: string, shape: Shape): unknown {
  if (!isTree(value)) {
    shape.unreadable.push(`${path || type}: expected an object, got ${JSON.stringify(value)?.slice(0, 40)}`)
    return {}
  }
  const fields = fieldsOf(type)
  const result: Tree = {}
  for (const [key, inner] of Object.entries(value)) {
    const field = fields.get(key)
    const place = path === '' ? key : `${path}.${key}`
    if (field === undefined) shape.unknown.push(place)
    else if (inner !== null) result[key] = readValue(field.type, inner, place, shape)
  }
  for (const [key, { required }] of fields) {
    if (!required || result[key] !== undefined) continue
    const field = path === '' ? key : `${path}.${key}`
    shape.missing.push({ field, message: 'Required value', reason: 'FieldValueRequired' })
  }
  return result
}

function readValue(type: FieldType, value: unknown, path: string, shape: Shape): unknown {
  if (type.of === 'object') return readObject(type.name, value, path, shape)
  if (type.of === 'scalar') {
    if (!isScalar(type.scalar, value))
      shape.unreadable.push(`${path}: expected ${type.scalar}, got ${JSON.stringify(value)?.slice(0, 40)}`)
    return value
  }
  if (type.of === 'list') {
    if (Array.isArray(value))
      return value.map((item, index) => readValue(type.item, item, `${path}[${index}]`, shape))
  } else if (isTree(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, readValue(type.item, item, `${path}[${key}]`, shape)]),
    )
  shape.unreadable.push(`${path}: expected a ${type.of}, got ${JSON.stringify(value)?.slice(0, 40)}`)
  return undefined
}

const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function isScalar(scalar: string, value: unknown): boolean {
  switch (scalar) {
    case 'any':
      return true
    case 'bool':
      return typeof value === 'boolean'
    case 'int':
      return Number.isInteger(value)
    case 'number':
      return typeof value === 'number'
    case 'int|string':
      return typeof value === 'string' || Number.isInteger(value)
    case 'quantity':
      return typeof value === 'number' || (typeof value === 'string' && QUANTITY.test(value))
    case 'time':
      return typeof value === 'string' && TIME.test(value)
    case 'bytes':
      return typeof value === 'string' && BASE64.test(value)
    default:
      return typeof value === 'string'
  }
}
