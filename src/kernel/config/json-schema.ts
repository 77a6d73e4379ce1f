import type { Doc } from './doc.ts'
import { durationPattern, sizePattern } from './units.ts'

type JsonSchema = Readonly<Record<string, unknown>>

/** Every string leaf may hold a reference to an environment variable instead. */
const fromEnvironment: JsonSchema = { type: 'string', pattern: '\\$\\{' }

/** The schema as JSON Schema 2020-12. It refuses what `decode` refuses, apart from rules that need code (URLs, bounds with units). */
export function jsonSchema(doc: Doc): JsonSchema {
  const writer = new Writer(doc)
  const root = writer.node(doc)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'outrigger.yaml',
    ...root,
    ...(Object.keys(writer.definitions).length > 0 && { $defs: writer.definitions }),
  }
}

/** What stands in several places is defined once. */
class Writer {
  readonly definitions: Record<string, JsonSchema> = {}
  readonly #uses = new Map<Doc, number>()
  readonly #names = new Map<Doc, string>()

  constructor(root: Doc) {
    this.#count(root)
  }

  node(doc: Doc): JsonSchema {
    if ((this.#uses.get(doc) ?? 0) < 2) return this.#written(doc)
    let name = this.#names.get(doc)
    if (name === undefined) {
      name = `shared-${this.#names.size + 1}`
      this.#names.set(doc, name)
      this.definitions[name] = this.#written(doc)
    }
    return { $ref: `#/$defs/${name}` }
  }

  /** Only what has parts is worth a definition. */
  #count(doc: Doc): void {
    const parts = [doc.item, ...Object.values(doc.fields ?? {}), ...Object.values(doc.alternatives ?? {})]
    const inside = parts.filter(part => part !== undefined)
    if (inside.length === 0) return
    const uses = this.#uses.get(doc) ?? 0
    this.#uses.set(doc, uses + 1)
    if (uses === 0) for (const part of inside) this.#count(part)
  }

  #written(doc: Doc): JsonSchema {
    return {
      description: doc.about,
      ...this.#shape(doc),
      ...(doc.default !== undefined && { default: doc.default }),
      ...(doc.example !== undefined && { examples: [doc.example] }),
    }
  }

  #shape(doc: Doc): JsonSchema {
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
        return { type: 'array', items: this.node(doc.item!), ...(doc.minItems && { minItems: doc.minItems }) }
      case 'map':
        return { type: ['object', 'null'], additionalProperties: this.node(doc.item!) }
      case 'object':
        return this.#object(doc)
      case 'oneOf':
        return {
          type: 'object',
          properties: this.#nodes(doc.alternatives!),
          additionalProperties: false,
          minProperties: 1,
          maxProperties: 1,
        }
      case 'ignored':
        return {}
      case 'tagged':
        return { anyOf: Object.values(doc.alternatives!).map(part => this.node(part)) }
    }
  }

  /** An object without required fields may be left empty (`stdout:`), which YAML reads as null. */
  #object(doc: Doc): JsonSchema {
    const fields = Object.entries(doc.fields!)
    const required = fields.filter(([, field]) => isRequired(field)).map(([key]) => key)
    return {
      type: required.length > 0 ? 'object' : ['object', 'null'],
      properties: this.#nodes(doc.fields!),
      ...(required.length > 0 && { required }),
      additionalProperties: false,
    }
  }

  #nodes(docs: Readonly<Record<string, Doc>>): JsonSchema {
    return Object.fromEntries(Object.entries(docs).map(([key, doc]) => [key, this.node(doc)]))
  }
}

/** Neither optional nor with a default. */
export function isRequired(doc: Doc): boolean {
  return doc.default === undefined && doc.optional === undefined
}

function orVariable(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, fromEnvironment] }
}

function bounds({ min, max }: Doc): JsonSchema {
  return { ...(min !== undefined && { minimum: min }), ...(max !== undefined && { maximum: max }) }
}
