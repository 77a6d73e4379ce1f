import { sha256 } from '../../wire/sha256/sha256.ts'
import type { Doc } from './doc.ts'
import { Interpolated } from './interpolated.ts'
import { withoutPassword } from './value.ts'

const shortestSecret = 6

/**
 * A valid configuration in the notation of the file, with its variables replaced and its defaults filled in.
 * `reveal: false` hides secrets and the passwords of URLs.
 */
export function effective(doc: Doc, input: unknown, reveal: boolean): unknown {
  if (input instanceof Interpolated && input.isSecret && !reveal)
    return doc.kind === 'secret' ? '<redacted>' : input.written
  const value = input === undefined ? doc.default : input instanceof Interpolated ? input.text : input
  if (value === undefined) return undefined
  switch (doc.kind) {
    case 'secret':
      return reveal ? value : '<redacted>'
    case 'url':
    case 'string':
      return reveal || !String(value).includes('://') ? value : withoutPassword(String(value))
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
      return fields(doc, value as Record<string, unknown> | null, reveal)
    case 'oneOf':
      return mapped(value, key => doc.alternatives![key], reveal)
    case 'ignored':
      return undefined
    case 'tagged':
      return effective(alternativeOf(doc, value), value, reveal)
    default:
      return value
  }
}

/** A copy in which no text contains one of these secrets, wherever else the user has written it too. */
export function withoutSecrets(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string')
    return secrets.reduce((text, secret) => text.replaceAll(secret, '<redacted>'), value)
  if (Array.isArray(value)) return value.map(item => withoutSecrets(item, secrets))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutSecrets(item, secrets)]))
}

/** The secrets in a valid configuration; very short ones would match anything. */
export function secretsIn(doc: Doc, input: unknown): string[] {
  if (input === undefined || input === null) return []
  if (doc.kind === 'secret') {
    const text = input instanceof Interpolated ? input.text : String(input)
    return text.length >= shortestSecret ? [text] : []
  }
  if (doc.kind === 'list') return (input as unknown[]).flatMap(item => secretsIn(doc.item!, item))
  if (doc.kind === 'tagged') return secretsIn(alternativeOf(doc, input), input)
  const parts = doc.fields ?? doc.alternatives
  if (parts === undefined && doc.kind !== 'map') return []
  return Object.entries(input).flatMap(([key, item]) => secretsIn(parts?.[key] ?? doc.item!, item))
}

/** The same for the same configuration, whatever the order of its keys. */
export function fingerprint(value: unknown): string {
  return sha256(JSON.stringify(value, sortedKeys) ?? '')
}

function fields(doc: Doc, value: Record<string, unknown> | null, reveal: boolean): Record<string, unknown> {
  const entries = Object.entries(doc.fields!).map(([key, field]) => [
    key,
    effective(field, value?.[key], reveal),
  ])
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined))
}

function mapped(value: unknown, docOf: (key: string) => Doc, reveal: boolean): Record<string, unknown> {
  const entries = Object.entries((value ?? {}) as object)
  return Object.fromEntries(entries.map(([key, item]) => [key, effective(docOf(key), item, reveal)]))
}

/** What a tagged mapping must be, by its tag. */
function alternativeOf(doc: Doc, value: unknown): Doc {
  const tag = (value as Record<string, unknown>)[doc.tag!]
  return doc.alternatives![tag instanceof Interpolated ? tag.text : String(tag)]
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
