import { nearest } from '../../kernel/config/suggest.ts'
import { shown } from '../../kernel/config/value.ts'
import { isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import { canonicalJson } from '../../wire/json/canonical.ts'
import type { Facts } from './catalogue.ts'
import { holds, type Scope } from './condition.ts'
import type { Entry, Parameter } from './entry.ts'
import { factScope } from './facts.ts'
import { FORMATS } from './formats.ts'
import { expectedOf, MAX_ITEMS, violations } from './parameter-schema.ts'
import { fill } from './values.ts'

/** A value as text, and where it was written (an annotation, an option), which problems give back. */
export interface Given<From = string> {
  /** Of the parameter, without the entry's: `logs.path`. */
  readonly name: string
  readonly text: string
  readonly from: From
}

export interface ParameterProblem<From = string> {
  readonly parameter: string
  /** Missing when nobody gave the value. */
  readonly from?: From
  readonly message: string
  readonly hint?: string
}

/** By name; a parameter without value is not there. */
export type Values = Readonly<Record<string, Json>>

export interface Resolved<From = string> {
  readonly values: Values
  readonly problems: readonly ParameterProblem<From>[]
}

/** A text is at most this long: the annotations of an object have 256 KiB together. */
const MAX_TEXT = 64 * 1024

/**
 * The values of all parameters of an entry: those that an alias `set`s, else those that were given (of several for one
 * parameter the last), else the defaults, which may name facts. All problems at once; values that have one are left out.
 */
export function resolveParameters<From = string>(
  entry: Pick<Entry, 'name' | 'parameters'>,
  set: Values,
  given: readonly Given<From>[],
  facts: Facts,
): Resolved<From> {
  const problems: ParameterProblem<From>[] = []
  const values: Record<string, Json> = {}
  const origins = new Map<string, From>()
  const wrong = new Set<string>()
  const ask = factScope(facts)
  for (const { name, text, from } of new Map(given.map(each => [each.name, each])).values()) {
    if (!Object.hasOwn(entry.parameters, name)) {
      problems.push({ parameter: name, from, ...unknownParameter(entry, name) })
      continue
    }
    const result = convert(entry.parameters[name], text)
    origins.set(name, from)
    if ('value' in result) values[name] = result.value
    else {
      wrong.add(name)
      problems.push(...result.faults.map(fault => ({ parameter: name, from, ...fault })))
    }
  }
  for (const [name, value] of Object.entries(set)) {
    const own = values[name]
    if (own === undefined || canonicalJson(own) === canonicalJson(value)) values[name] = value
    else if (Array.isArray(own) && Array.isArray(value)) values[name] = joined(value, own)
    else
      problems.push({
        parameter: name,
        ...(origins.has(name) && { from: origins.get(name)! }),
        message: `it is ${shown(value)} by the name that was asked for, and ${shown(own)} here`,
        hint: 'remove it here',
      })
  }
  for (const [name, parameter] of Object.entries(entry.parameters)) {
    if (Object.hasOwn(values, name) || wrong.has(name) || parameter['default'] === undefined) continue
    const value = fill(parameter['default'], ask)
    if (value !== undefined) values[name] = value
  }
  const scope: Scope = name => (Object.hasOwn(values, name) ? values[name] : ask(name))
  for (const [name, parameter] of Object.entries(entry.parameters)) {
    const fault = wrong.has(name) ? undefined : crossFault(name, parameter, values, scope)
    if (fault !== undefined)
      problems.push({ parameter: name, ...(origins.has(name) && { from: origins.get(name)! }), ...fault })
  }
  return { values, problems }
}

/** Several sets for one entry: lists are joined, anything else must agree. The names of what does not are given back. */
export function joinSets(sets: readonly Values[]): {
  readonly set: Values
  readonly disagree: readonly string[]
} {
  const set: Record<string, Json> = {}
  const disagree = new Set<string>()
  for (const [name, value] of sets.flatMap(each => Object.entries(each))) {
    const before = set[name]
    if (Array.isArray(before) && Array.isArray(value)) set[name] = joined(before, value)
    else if (before === undefined) set[name] = value
    else if (canonicalJson(before) !== canonicalJson(value)) disagree.add(name)
  }
  return { set, disagree: [...disagree] }
}

function joined(first: readonly Json[], second: readonly Json[]): Json {
  return [...new Map([...first, ...second].map(item => [canonicalJson(item), item])).values()]
}

function unknownParameter({ name, parameters }: Pick<Entry, 'name' | 'parameters'>, given: string) {
  const known = Object.keys(parameters)
  const near = nearest(given, known) ?? known.find(each => each.endsWith(`.${given}`))
  const hint = near
    ? `did you mean "${near}"?`
    : known.length === 0
      ? `${name} has none`
      : `there are ${known.join(', ')}`
  return { message: `${name} has no parameter "${given.slice(0, 100)}"`, hint }
}

type Fault = { readonly message: string; readonly hint?: string }
type Converted = { readonly value: Json } | { readonly faults: readonly Fault[] }

/** The text of an annotation or option as a value of the parameter. */
export function convert(schema: Parameter, text: string): Converted {
  if (text.length > MAX_TEXT) return { faults: [{ message: 'expected at most 64 KiB, got more' }] }
  const read = readAs(schema, text)
  if (!('value' in read)) return read
  const faults = violations(schema, read.value)
  if (faults.length === 0) return read
  return {
    faults: faults.slice(0, 10).map(({ path, message, hint }) => {
      const where = path.length === 0 ? '' : `${path.join('.')}: `
      return { message: where + message, ...(hint !== undefined && { hint }) }
    }),
  }
}

function readAs(schema: JsonObject, text: string): Converted {
  const trimmed = text.trim()
  const wrong = (hint?: string): Converted => ({
    faults: [{ message: `expected ${expectedOf(schema)}, got ${shown(text)}`, ...(hint && { hint }) }],
  })
  switch (schema['type']) {
    case 'integer':
    case 'number':
      return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(trimmed)
        ? { value: Number(trimmed) }
        : wrong()
    case 'boolean':
      if (/^(?:true|false)$/.test(trimmed)) return { value: trimmed === 'true' }
      return wrong(
        /^(?:yes|on|1|true)$/i.test(trimmed)
          ? 'write true'
          : /^(?:no|off|0|false)$/i.test(trimmed)
            ? 'write false'
            : undefined,
      )
    case 'array':
      return trimmed.startsWith('[')
        ? readJson(trimmed, wrong)
        : readList(schema['items'] as JsonObject, trimmed)
    case 'object':
      return trimmed.startsWith('{') ? readJson(trimmed, wrong) : wrong('write it as JSON: {"key": "value"}')
    default:
      return { value: text }
  }
}

function readJson(text: string, wrong: (hint: string) => Converted): Converted {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    return wrong(`as JSON: ${(error as Error).message}`)
  }
}

/** `a, b,c`: items with a comma in them need JSON. */
function readList(items: JsonObject, text: string): Converted {
  const parts = text === '' ? [] : text.split(',', MAX_ITEMS + 1).map(part => part.trim())
  const read = parts.map(part => readAs(items, part))
  const faults = read.flatMap(each => ('faults' in each ? each.faults : []))
  return faults.length > 0
    ? { faults }
    : { value: read.flatMap(each => ('value' in each ? [each.value] : [])) }
}

/** What a parameter wants of others: to be there, or to be no larger than one of them. */
function crossFault(name: string, parameter: Parameter, values: Values, scope: Scope): Fault | undefined {
  const { required, atMost } = parameter
  const value = values[name]
  if (value === undefined) {
    const isRequired = required === true || (typeof required === 'string' && holds(required, scope))
    if (!isRequired) return undefined
    const when = required === true ? '' : `, because ${required}`
    return { message: `a value is needed${when}`, hint: `expected ${expectedOf(parameter)}` }
  }
  // Defaults that name facts are not known before.
  const [fault] = violations(parameter, value)
  if (fault !== undefined)
    return { message: fault.message, ...(fault.hint !== undefined && { hint: fault.hint }) }
  if (typeof atMost !== 'string') return undefined
  const most = scope(atMost)
  const [size, limit] = [sizeOf(parameter, value), sizeOf(parameter, most)]
  if (size === undefined || limit === undefined || size <= limit) return undefined
  return {
    message: `${shown(value)} is more than ${shown(most)}, which is "${atMost}"`,
    hint: `set "${atMost}" as well`,
  }
}

function sizeOf(schema: JsonObject, value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value
  const format = schema['format']
  if (typeof value !== 'string' || typeof format !== 'string') return undefined
  return FORMATS[format]?.size?.(value)
}

/** For people: the values of a list with commas, anything else as JSON. */
export function writtenValue(value: Json): string {
  if (Array.isArray(value) && value.every(item => typeof item !== 'object' || item === null))
    return value.map(String).join(',')
  return isObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value)
}
