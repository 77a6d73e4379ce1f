import type { Doc } from './doc.ts'
import { durationPattern, sizePattern } from './units.ts'

type JsonSchema = Readonly<Record<string, unknown>>

/** Every string leaf may hold a reference to an environment variable instead. */
const fromEnvironment: JsonSchema = { type: 'string', pattern: '\\$\\{' }

/** The schema as JSON Schema 2020-12. It refuses what `decode` refuses, apart from rules that need code (URLs, bounds with units). */
export function jsonSchema(doc: Doc): JsonSchema {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'outrigger.yaml', ...node(doc) }
}

function node(doc: Doc): JsonSchema {
  return {
    description: doc.about,
    ...shape(doc),
    ...(doc.default !== undefined && { default: doc.default }),
    ...(doc.example !== undefined && { examples: [doc.example] }),
  }
}

function shape(doc: Doc): JsonSchema {
  switch (doc.kind) {
    case 'string':
      return doc.pattern === undefined
        ? { type: 'string' }
        : orVariable({ type: 'string', pattern: doc.pattern })
    case 'secret':
      return { type: 'string' }
    case 'address':
      return orVariable({ type: 'string', pattern: '^(unix:)?/.|:\\d{1,5}$' })
    case 'url':
      return orVariable({ type: 'string', pattern: `^(${doc.protocols!.join('|')})://` })
    case 'integer':
    case 'number':
      return orVariable({ type: doc.kind, ...bounds(doc) })
    case 'boolean':
      return orVariable({ type: 'boolean' })
    case 'duration':
      return orVariable({ type: 'string', pattern: durationPattern })
    case 'size':
      return orVariable({ type: 'string', pattern: sizePattern })
    case 'choice':
      return orVariable({ enum: doc.choices })
    case 'scalar':
      return { type: ['string', 'number', 'boolean', 'null'] }
    case 'list':
      return { type: 'array', items: node(doc.item!), ...(doc.minItems && { minItems: doc.minItems }) }
    case 'map':
      return { type: ['object', 'null'], additionalProperties: node(doc.item!) }
    case 'object':
      return object(doc)
    case 'oneOf':
      return {
        type: 'object',
        properties: nodes(doc.alternatives!),
        additionalProperties: false,
        minProperties: 1,
        maxProperties: 1,
      }
    case 'ignored':
      return {}
    case 'tagged':
      return { anyOf: Object.values(doc.alternatives!).map(node) }
  }
}

/** An object without required fields may be left empty (`stdout:`), which YAML reads as null. */
function object(doc: Doc): JsonSchema {
  const fields = Object.entries(doc.fields!)
  const required = fields.filter(([, field]) => isRequired(field)).map(([key]) => key)
  return {
    type: required.length > 0 ? 'object' : ['object', 'null'],
    properties: nodes(doc.fields!),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
}

/** Neither optional nor with a default. */
export function isRequired(doc: Doc): boolean {
  return doc.default === undefined && doc.optional === undefined
}

function nodes(docs: Readonly<Record<string, Doc>>): JsonSchema {
  return Object.fromEntries(Object.entries(docs).map(([key, doc]) => [key, node(doc)]))
}

function orVariable(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, fromEnvironment] }
}

function bounds({ min, max }: Doc): JsonSchema {
  return { ...(min !== undefined && { minimum: min }), ...(max !== undefined && { maximum: max }) }
}
