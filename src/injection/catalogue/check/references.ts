import type { Problem } from '../../../kernel/config/problem.ts'
import { nearest } from '../../../kernel/config/suggest.ts'
import { at, isObject, type Json, type JsonObject } from '../../../manifests/json.ts'
import { parseCondition } from '../condition.ts'
import type { Parameter } from '../entry.ts'
import { FACT_NAMES } from '../facts.ts'
import { usesOf } from '../values.ts'
import { fault } from './fault.ts'

/** The parts of an entry that are templates. */
const TEMPLATES = [
  'containers',
  'initContainers',
  'volumes',
  'shared',
  'files',
  'application',
  'pod',
  'compose',
]

/** Names that templates use and that are none, mistakes of the language of templates, and values that could break out. */
export function referenceProblems(
  document: JsonObject,
  parameters: Readonly<Record<string, Parameter>>,
): Problem[] {
  const names = [...Object.keys(parameters), ...FACT_NAMES]
  const uses = TEMPLATES.flatMap(part => usesOf(document[part] ?? null, [part]))
  return uses.flatMap((use): Problem[] => {
    if ('message' in use) return [fault(use.path, use.message)]
    if (!names.includes(use.name)) return [unknownName(use.path, use.name, names)]
    if (use.within === 'each' && !['array', 'object'].includes(typeOf(use.name, parameters)))
      return [fault(use.path, `"${use.name}" is no list`)]
    if (use.within === 'condition')
      return conditionProblems(String(at(document, use.path)), use.path, use.name, parameters)
    return isInText(document, use.path) && !isSafeInText(parameters[use.name])
      ? [
          fault(
            use.path,
            `"${use.name}" could break out of a file of format text`,
            'give it a type of number, an enum, a pattern or a format',
          ),
        ]
      : []
  })
}

export function unknownName(path: Problem['path'], name: string, names: readonly string[]): Problem {
  const near = nearest(name, names)
  return fault(path, `there is no parameter or fact "${name}"`, near && `did you mean "${near}"?`)
}

/** A comparison with what the parameter never is. */
export function conditionProblems(
  text: string,
  path: Problem['path'],
  name: string,
  parameters: Readonly<Record<string, Parameter>>,
): Problem[] {
  const condition = parseCondition(text)
  const parameter = parameters[name]
  if (!condition.ok || parameter === undefined) return []
  const choices = at(parameter, ['enum']) ?? at(parameter, ['items', 'enum'])
  return condition.terms.flatMap((term): Problem[] => {
    if (term.name !== name || !['==', '!=', 'has', 'lacks'].includes(term.is)) return []
    const list = term.is === 'has' || term.is === 'lacks'
    if (list !== (parameter['type'] === 'array'))
      return [fault(path, list ? `"${name}" is no list: write ==` : `"${name}" is a list: write has`)]
    if (!Array.isArray(choices) || choices.map(String).includes(term.text)) return []
    const near = nearest(term.text, choices.map(String))
    return [
      fault(
        path,
        `"${name}" is never ${term.text}`,
        near ? `did you mean "${near}"?` : `it is one of ${choices.join(', ')}`,
      ),
    ]
  })
}

function typeOf(name: string, parameters: Readonly<Record<string, Parameter>>): string {
  return name === 'app.ports' ? 'array' : String(parameters[name]?.['type'])
}

function isInText(document: JsonObject, path: Problem['path']): boolean {
  return (
    path[0] === 'files' && path[2] === 'content' && at(document, ['files', path[1]!, 'format']) === 'text'
  )
}

/** Facts are names and ports of Kubernetes. */
function isSafeInText(schema: Json | undefined): boolean {
  if (!isObject(schema)) return true
  const { type, enum: choices, pattern, format, items, additionalProperties, properties } = schema
  if (choices !== undefined || type === 'integer' || type === 'number' || type === 'boolean') return true
  if (type === 'string') return pattern !== undefined ? !allowsLines(pattern as string) : format !== undefined
  if (type === 'array') return isSafeInText(items ?? {})
  return (
    additionalProperties === false && isObject(properties) && Object.values(properties).every(isSafeInText)
  )
}

/** A pattern that lets a line feed through lets a line of its own in. */
function allowsLines(pattern: string): boolean {
  try {
    const regex = new RegExp(pattern)
    return ['\n', 'a\n', '\na', 'a\na', '/a\n', 'a\n#'].some(text => regex.test(text))
  } catch {
    return true
  }
}
