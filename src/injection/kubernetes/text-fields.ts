import { isObject, type Json, type JsonObject } from '../../manifests/json.ts'

/** Lists of a container whose items are text. */
const TEXTS = new Set(['args', 'command'])

/**
 * A container (or variable) with text where Kubernetes takes nothing else: a parameter that is a number stays one when it
 * fills a field alone, and an API server refuses it as an argument or as a variable's value.
 */
export function withTextFields<T extends JsonObject>(value: T): T {
  let converted = CONVERTED.get(value)
  if (converted === undefined) CONVERTED.set(value, (converted = convert(value, '') as JsonObject))
  return converted as T
}

/** What an entry came to is the same object for all replicas. */
const CONVERTED = new WeakMap<JsonObject, JsonObject>()

function convert(value: Json, key: string): Json {
  if (Array.isArray(value)) return value.map(item => (TEXTS.has(key) ? text(item) : convert(item, key)))
  if (!isObject(value)) return value
  const members = Object.entries(value).map(([name, member]): [string, Json] => [
    name,
    name === 'value' && typeof value['name'] === 'string' ? text(member) : convert(member, name),
  ])
  return Object.fromEntries(members) satisfies JsonObject
}

function text(value: Json): Json {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
}
