import { type Doc, range } from './doc.ts'

/** The type as people say it: `list of text`, `duration, at least 1s`, `json, raw or cri`. */
export function typeOf(doc: Doc): string {
  switch (doc.kind) {
    case 'string':
      return 'text'
    case 'secret':
      return 'text (secret)'
    case 'url':
      return `URL (${doc.protocols!.join(', ')})`
    case 'integer':
      return `whole number${range(doc)}`
    case 'number':
      return `number${range(doc)}`
    case 'boolean':
      return 'true or false'
    case 'duration':
      return `duration${range(doc)}`
    case 'size':
      return `size${range(doc)}`
    case 'choice':
      return listed(doc.choices!)
    case 'scalar':
      return 'text, number, true, false or null'
    case 'list':
      return `list of ${manyOf(doc.item!)}${doc.minItems ? `, at least ${doc.minItems}` : ''}`
    case 'map':
      return `names with ${manyOf(doc.item!)}`
    case 'object':
      return 'mapping'
    case 'oneOf':
    case 'tagged':
      return oneOf(Object.keys(doc.alternatives!))
    case 'address':
      return 'address'
    case 'ignored':
      return 'anything'
  }
}

/** `default 5s`, `optional` or `required`. */
export function presenceOf(doc: Doc): string {
  if (doc.default !== undefined && !isEmptyObject(doc.default)) return `default ${written(doc.default)}`
  return doc.optional || doc.default !== undefined ? 'optional' : 'required'
}

/** A value as it would stand on one line of the file. */
export function written(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^[\w./][\w./:${}@*-]*$/.test(value) && !/^(true|false|null|[\d.]+)$/.test(value)
    ? value
    : JSON.stringify(value)
}

/** Their names are listed below anyway. */
function oneOf(names: readonly string[]): string {
  return names.length > 3 ? `one of ${names.length} kinds` : `one of ${listed(names)}`
}

function manyOf(doc: Doc): string {
  const type = typeOf(doc)
  return doc.kind === 'object' ? 'mappings' : type
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

function isEmptyObject(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
  )
}
