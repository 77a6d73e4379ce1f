import { isObject, type Json } from '../../manifests/json.ts'

/**
 * JSON as an expression of CEL for the `value` of a JSONPatch in a MutatingAdmissionPolicy. Mappings are maps with values
 * of type dyn: the API server takes literals of one type only, and it panics over a list of objects that are written with
 * a type (`[Object.spec.volumes{…}]`, seen in 1.33).
 */
export function celOf(value: Json): string {
  if (typeof value === 'string') return celText(value)
  if (!isObject(value) && !Array.isArray(value)) return String(value)
  if (!isObject(value)) {
    const items = value.map(celOf)
    const isMixed = new Set(value.map(item => (Array.isArray(item) ? 'array' : typeof item))).size > 1
    return `[${items.map(item => (isMixed ? `dyn(${item})` : item)).join(', ')}]`
  }
  const entries = Object.entries(value).map(([key, item]) => `${celText(key)}: dyn(${celOf(item)})`)
  return `{${entries.join(', ')}}`
}

/** In double quotes; the escapes of JSON are among those of CEL. */
export function celText(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}
