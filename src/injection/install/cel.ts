import { isObject, type Json } from '../../manifests/json.ts'

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Fields whose names are words of the language are written so (CEL language definition, "Identifiers"). */
const RESERVED = new Set(
  'as break const continue else for function if import let loop namespace package return var void while in true false null'.split(
    ' ',
  ),
)

/** A value that has no form in CEL as policies take it. */
export class NoCel extends Error {}

/**
 * JSON as an expression of CEL for a MutatingAdmissionPolicy: objects are of the type that stands for their place
 * (`Object.spec.initContainers`), mappings of texts are maps, as names of labels and resources are no names of fields.
 */
export function celOf(value: Json, type: string): string {
  if (typeof value === 'string') return celText(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return String(value)
  if (!isObject(value)) return `[${(value as readonly Json[]).map(item => celOf(item, type)).join(', ')}]`
  const entries = Object.entries(value)
  if (entries.length > 0 && entries.every(([, item]) => typeof item === 'string'))
    return `{${entries.map(([key, item]) => `${celText(key)}: ${celText(item as string)}`).join(', ')}}`
  return `${type}{${entries.map(([key, item]) => `${fieldOf(key)}: ${celOf(item, `${type}.${fieldOf(key)}`)}`).join(', ')}}`
}

/** In double quotes; the escapes of JSON are among those of CEL. */
export function celText(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}

function fieldOf(key: string): string {
  if (RESERVED.has(key)) return `__${key}__`
  if (!IDENTIFIER.test(key)) throw new NoCel(`${JSON.stringify(key)} is no name of a field`)
  return key
}
