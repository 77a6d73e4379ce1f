import type { Problem } from '../../../kernel/config/problem.ts'
import { isObject, type Json, type JsonObject, type Path } from '../../../manifests/json.ts'
import { NAME, parseCondition } from '../condition.ts'
import type { Entry, Parameter } from '../entry.ts'
import { FACT_NAMES } from '../facts.ts'
import { schemaFaults, violations } from '../parameter-schema.ts'
import { usesOf } from '../values.ts'
import { fault } from './fault.ts'
import { conditionProblems, unknownName } from './references.ts'

/** Of the name of an annotation behind its domain. */
const MAX_ANNOTATION_NAME = 63

/** Schemas, defaults, and what parameters say of each other. */
export function parameterProblems(entry: Pick<Entry, 'name' | 'aliases' | 'parameters'>): Problem[] {
  const { parameters } = entry
  return [
    ...Object.entries(parameters).flatMap(([name, schema]) =>
      oneProblems(entry.name, name, schema, parameters),
    ),
    ...Object.entries(entry.aliases).flatMap(([alias, { set }]) => aliasProblems(entry, alias, set)),
  ]
}

function oneProblems(entry: string, name: string, schema: Json, parameters: Entry['parameters']): Problem[] {
  const path: Path = ['parameters', name]
  const faults: Problem[] = []
  if (!NAME.test(name) || name.startsWith('item.') || name === 'item' || FACT_NAMES.includes(name))
    faults.push(
      fault(path, 'expected letters, digits, dashes and dots, beginning with a letter; no fact and not item'),
    )
  if (`${entry}.${name}`.length > MAX_ANNOTATION_NAME)
    faults.push(
      fault(
        path,
        `"${entry}.${name}" is too long for an annotation`,
        `at most ${MAX_ANNOTATION_NAME} characters`,
      ),
    )
  faults.push(...schemaFaults(schema, path))
  if (faults.length > 0 || !isObject(schema)) return faults
  return [...defaultProblems(schema, path), ...relationProblems(schema, path, parameters)]
}

function defaultProblems(schema: Parameter, path: Path): Problem[] {
  const given = schema['default']
  if (given === undefined) return []
  const uses = usesOf(given, [...path, 'default'])
  const wrong = uses.flatMap((use): Problem[] => {
    if ('message' in use) return [fault(use.path, use.message)]
    return FACT_NAMES.includes(use.name) ? [] : [unknownName(use.path, use.name, FACT_NAMES)]
  })
  if (wrong.length > 0 || uses.length > 0) return wrong
  return violations(schema, given, [...path, 'default'])
}

function relationProblems(schema: Parameter, path: Path, parameters: Entry['parameters']): Problem[] {
  const { required, atMost } = schema
  const faults: Problem[] = []
  if (atMost !== undefined && (typeof atMost !== 'string' || !Object.hasOwn(parameters, atMost)))
    faults.push(unknownName([...path, 'atMost'], String(atMost), Object.keys(parameters)))
  if (required === undefined || required === true) return faults
  const place = [...path, 'required']
  if (typeof required !== 'string') return [...faults, fault(place, 'expected true or a condition')]
  const condition = parseCondition(required)
  if (!condition.ok) return [...faults, fault(place, condition.message)]
  const names = [...Object.keys(parameters), ...FACT_NAMES]
  for (const name of new Set(condition.terms.map(term => term.name)))
    faults.push(
      ...(names.includes(name)
        ? conditionProblems(required, place, name, parameters)
        : [unknownName(place, name, names)]),
    )
  return faults
}

function aliasProblems(
  { name, parameters }: Pick<Entry, 'name' | 'parameters'>,
  alias: string,
  set: JsonObject,
): Problem[] {
  const path: Path = ['aliases', alias]
  const faults: Problem[] = []
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(alias) || alias === name)
    faults.push(fault(path, 'expected another name of lower-case letters, digits and dashes'))
  for (const [key, value] of Object.entries(set)) {
    const place = [...path, 'set', key]
    const schema = parameters[key]
    if (schema === undefined) faults.push(unknownName(place, key, Object.keys(parameters)))
    else if (isObject(schema) && schemaFaults(schema, []).length === 0)
      faults.push(...violations(schema, value as Json, place))
  }
  return faults
}
