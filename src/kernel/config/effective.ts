import { createHash } from 'node:crypto'
import type { Doc } from './doc.ts'
import { Interpolated } from './interpolated.ts'
import { withoutPassword } from './value.ts'

/**
 * A valid configuration in the notation of the file, with its variables replaced and its defaults filled in.
 * `reveal: false` hides secrets and the passwords of URLs.
 */
export function effective(doc: Doc, input: unknown, reveal: boolean): unknown {
  const value = input === undefined ? doc.default : input instanceof Interpolated ? input.text : input
  if (value === undefined) return undefined
  switch (doc.kind) {
    case 'secret':
      return reveal ? value : '<redacted>'
    case 'url':
    case 'string':
      return reveal ? value : withoutPassword(String(value))
    case 'integer':
    case 'number':
      return Number(value)
    case 'boolean':
      return typeof value === 'string' ? value.trim().toLowerCase() === 'true' : value
    case 'list':
      return (value as unknown[]).map(item => effective(doc.item!, item, reveal))
    case 'map':
      return mapped(value, () => doc.item!, reveal)
    case 'object':
      return mapped({ ...defaultsOf(doc), ...(value as object) }, key => doc.fields![key], reveal)
    case 'oneOf':
      return mapped(value, key => doc.alternatives![key], reveal)
    default:
      return value
  }
}

/** The same for the same configuration, whatever the order of its keys. */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, sortedKeys)).digest('hex')
}

function defaultsOf(doc: Doc): Record<string, unknown> {
  const filled = Object.entries(doc.fields!).filter(([, field]) => field.default !== undefined)
  return Object.fromEntries(filled.map(([key, field]) => [key, field.default]))
}

function mapped(value: unknown, docOf: (key: string) => Doc, reveal: boolean): Record<string, unknown> {
  const entries = Object.entries((value ?? {}) as object)
  return Object.fromEntries(entries.map(([key, item]) => [key, effective(docOf(key), item, reveal)]))
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
