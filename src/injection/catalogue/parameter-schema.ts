import type { Problem } from '../../kernel/config/problem.ts'
import { nearest } from '../../kernel/config/suggest.ts'
import { kindOf, shown } from '../../kernel/config/value.ts'
import { isObject, type Json, type JsonObject, type Path } from '../../manifests/json.ts'
import { canonicalJson } from '../../wire/json/canonical.ts'
import { FORMATS } from './formats.ts'

/** What texts and lists may have unless the schema says less. */
export const MAX_LENGTH = 4096
export const MAX_ITEMS = 100
const MAX_DEPTH = 8

const ANY = ['type', 'description', 'enum', 'default', 'example'] as const
/** Only of a parameter itself, not of what is in it. */
const TOP = ['required', 'atMost'] as const
/** The keywords of JSON Schema that parameters may use, by type; what is not here is refused, not ignored. */
export const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  string: ['pattern', 'format', 'minLength', 'maxLength'],
  integer: ['minimum', 'maximum'],
  number: ['minimum', 'maximum'],
  boolean: [],
  array: ['items', 'minItems', 'maxItems', 'uniqueItems'],
  object: ['properties', 'required', 'additionalProperties', 'propertyNames', 'maxProperties'],
}
const NUMBERS = new Set([
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'maxProperties',
])
/** A repetition around a group that has one inside: the classic way to a match without end. */
const NESTED_REPETITION = /\((?:[^()\\]|\\.)*[+*}](?:[^()\\]|\\.)*\)(?:[+*]|\{\d*,\})/

/** What is wrong with the schema of a parameter; `nested` when it is that of an item or a property. */
export function schemaFaults(schema: Json | undefined, path: Path, nested = false): Problem[] {
  if (!isObject(schema)) return [{ path, message: `expected a JSON Schema, got ${kindOf(schema)}` }]
  const { type } = schema
  if (typeof type !== 'string' || !Object.hasOwn(KEYWORDS, type)) {
    const message = `expected one of ${Object.keys(KEYWORDS).join(', ')}, got ${shown(type)}`
    return [
      type === undefined
        ? { path, message: `type is missing; ${message}` }
        : { path: [...path, 'type'], message },
    ]
  }
  if (path.length > MAX_DEPTH * 2) return [{ path, message: 'the schema is too deep' }]
  const known = [...ANY, ...KEYWORDS[type], ...(nested ? [] : TOP)]
  const faults = Object.keys(schema)
    .filter(key => !known.includes(key))
    .map((key): Problem => {
      const near = nearest(key, known)
      const hint = near ? `did you mean "${near}"?` : `for type ${type} there are ${known.join(', ')}`
      return { path: [...path, key], at: 'key', message: 'this keyword is not known here', hint }
    })
  if (!nested && typeof schema['description'] !== 'string')
    faults.push({ path, message: 'description is missing', hint: 'say in a sentence what it does' })
  for (const key of Object.keys(schema).filter(key => NUMBERS.has(key)))
    if (typeof schema[key] !== 'number')
      faults.push({ path: [...path, key], message: `expected a number, got ${shown(schema[key])}` })
  return [...faults, ...keywordFaults(schema, path)]
}

function keywordFaults(schema: JsonObject, path: Path): Problem[] {
  const { enum: choices, pattern, format, items, properties, propertyNames, additionalProperties } = schema
  const faults: Problem[] = []
  const fault = (key: string, message: string, hint?: string) =>
    faults.push({ path: [...path, key], message, ...(hint !== undefined && { hint }) })
  if (choices !== undefined && (!Array.isArray(choices) || choices.length === 0))
    fault('enum', 'expected a list of values')
  if (pattern !== undefined) {
    const wrong = patternFault(pattern)
    if (wrong !== undefined) fault('pattern', wrong)
  }
  if (format !== undefined && (typeof format !== 'string' || !Object.hasOwn(FORMATS, format)))
    fault('format', `expected one of ${Object.keys(FORMATS).join(', ')}, got ${shown(format)}`)
  if (schema['type'] === 'array') faults.push(...schemaFaults(items, [...path, 'items'], true))
  if (isObject(properties))
    for (const [name, property] of Object.entries(properties))
      faults.push(...schemaFaults(property, [...path, 'properties', name], true))
  else if (properties !== undefined) fault('properties', `expected a mapping, got ${kindOf(properties)}`)
  if (propertyNames !== undefined)
    faults.push(...schemaFaults(propertyNames, [...path, 'propertyNames'], true))
  if (isObject(additionalProperties))
    faults.push(...schemaFaults(additionalProperties, [...path, 'additionalProperties'], true))
  return faults
}

function patternFault(pattern: Json): string | undefined {
  if (typeof pattern !== 'string') return `expected a regular expression, got ${kindOf(pattern)}`
  try {
    new RegExp(pattern)
  } catch (error) {
    return (error as Error).message
  }
  if (!/^\^.*[^\\]\$$/s.test(pattern) || hasOuterChoice(pattern))
    return 'it must hold for the whole text: write ^(?:…)$'
  return NESTED_REPETITION.test(pattern) ? 'a repetition within a repetition can take without end' : undefined
}

/** `^a|b$` holds for the beginning of a text, or for its end. */
function hasOuterChoice(pattern: string): boolean {
  let depth = 0
  for (const [mark] of pattern
    .replace(/\\./gs, '')
    .replace(/\[[^\]]*\]/g, '')
    .matchAll(/[()|]/g)) {
    if (mark === '(') depth++
    else if (mark === ')') depth--
    else if (depth === 0) return true
  }
  return false
}

/** Everything in which a value does not fit its schema; the schema is one without faults. */
export function violations(schema: JsonObject, value: Json, path: Path = []): Problem[] {
  const wrong = (expected: string): Problem[] => [
    { path, message: `expected ${expected}, got ${shown(value)}` },
  ]
  if (!hasType(schema['type'] as string, value)) return wrong(expectedOf(schema))
  const choices = schema['enum'] as readonly Json[] | undefined
  if (choices !== undefined && !choices.some(each => canonicalJson(each) === canonicalJson(value))) {
    const near = typeof value === 'string' ? nearest(value, choices.map(String)) : undefined
    return wrong(expectedOf(schema)).map(each => (near ? { ...each, hint: `did you mean "${near}"?` } : each))
  }
  if (typeof value === 'string') return textFits(schema, value) ? [] : wrong(expectedOf(schema))
  if (typeof value === 'number') return inRange(schema, value) ? [] : wrong(expectedOf(schema))
  if (Array.isArray(value)) return listViolations(schema, value, path)
  return isObject(value) ? objectViolations(schema, value, path) : []
}

function hasType(type: string, value: Json): boolean {
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  if (type === 'integer') return Number.isSafeInteger(value)
  if (type === 'number') return Number.isFinite(value)
  return typeof value === type
}

function textFits({ pattern, format, minLength, maxLength }: JsonObject, value: string): boolean {
  if (value.length < ((minLength as number) ?? 0) || value.length > ((maxLength as number) ?? MAX_LENGTH))
    return false
  if (/[\0-\x08\x0b-\x1f\x7f]/.test(value)) return false
  if (pattern !== undefined && !new RegExp(pattern as string).test(value)) return false
  return format === undefined || FORMATS[format as string].fits(value)
}

function inRange({ minimum, maximum }: JsonObject, value: number): boolean {
  return value >= ((minimum as number) ?? -Infinity) && value <= ((maximum as number) ?? Infinity)
}

function listViolations(schema: JsonObject, value: readonly Json[], path: Path): Problem[] {
  const least = (schema['minItems'] as number) ?? 0
  const most = (schema['maxItems'] as number) ?? MAX_ITEMS
  if (value.length < least || value.length > most)
    return [{ path, message: `expected a list of ${least} to ${most}, got one of ${value.length}` }]
  if (schema['uniqueItems'] === true && new Set(value.map(canonicalJson)).size < value.length)
    return [{ path, message: 'an item is there twice' }]
  return value.flatMap((item, i) => violations(schema['items'] as JsonObject, item, [...path, i]))
}

function objectViolations(schema: JsonObject, value: JsonObject, path: Path): Problem[] {
  const { required, propertyNames, additionalProperties: others = true } = schema
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonObject>>
  const most = (schema['maxProperties'] as number) ?? MAX_ITEMS
  if (Object.keys(value).length > most) return [{ path, message: `expected at most ${most} keys` }]
  const missing = (Array.isArray(required) ? required : []).filter(
    (name: Json) => !Object.hasOwn(value, String(name)),
  )
  return [
    ...missing.map((name: Json): Problem => ({ path, message: `"${name}" is missing in it` })),
    ...Object.entries(value).flatMap(([key, each]): Problem[] => {
      const here = [...path, key]
      const named = isObject(propertyNames) ? violations(propertyNames, key, here) : []
      if (named.length > 0) return named.map(problem => ({ ...problem, at: 'key' as const }))
      if (Object.hasOwn(properties, key)) return violations(properties[key], each, here)
      if (isObject(others)) return violations(others, each, here)
      if (others === true) return []
      const near = nearest(key, Object.keys(properties))
      return [
        { path: here, at: 'key', message: 'unknown key', ...(near && { hint: `did you mean "${near}"?` }) },
      ]
    }),
  ]
}

/** What a message says that a schema wants: `one of json, raw`, `a whole number from 1 to 65535`. */
export function expectedOf(schema: JsonObject): string {
  const { type, enum: choices, format, pattern, minimum, maximum, minLength, maxLength } = schema
  if (Array.isArray(choices)) return `one of ${choices.map(String).join(', ')}`
  if (type === 'string') {
    if (format !== undefined) return FORMATS[format as string].expected
    const length =
      minLength || maxLength ? ` of ${minLength ?? 0} to ${maxLength ?? MAX_LENGTH} characters` : ''
    return pattern === undefined ? `text${length}` : `text that matches ${pattern}`
  }
  if (type === 'integer' || type === 'number') {
    const range =
      minimum !== undefined && maximum !== undefined
        ? ` from ${minimum} to ${maximum}`
        : minimum !== undefined
          ? `, at least ${minimum}`
          : maximum !== undefined
            ? `, at most ${maximum}`
            : ''
    return `${type === 'integer' ? 'a whole number' : 'a number'}${range}`
  }
  if (type === 'boolean') return 'true or false'
  return type === 'array' ? `a list, each ${expectedOf((schema['items'] ?? {}) as JsonObject)}` : 'a mapping'
}
