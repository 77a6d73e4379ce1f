import type { Value } from '../../../wire/gotemplate/value.ts'
import { JsonNumber, type LosslessJson, writeLossless } from '../../../wire/json/lossless.ts'
import type { SecretData, SecretValue } from './value.ts'

/** One entry as the text or the bytes that it is; what is neither, as JSON. Undefined when there is no such entry. */
export function entryOf({ data }: SecretValue, key: string): string | Uint8Array | undefined {
  const value = lookUp(data, key)
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  return value instanceof JsonNumber ? value.text : writeLossless(jsonOf(value))
}

/** The entry of that name; where there is none, `a.b` reaches into a mapping. */
export function lookUp(data: SecretData, key: string): Value {
  if (data.has(key)) return data.get(key)
  const dot = key.indexOf('.')
  if (dot < 0) return undefined
  const inner = data.get(key.slice(0, dot))
  return inner instanceof Map ? lookUp(inner as SecretData, key.slice(dot + 1)) : undefined
}

/** As Go's encoding/json has it: bytes in base64. */
export function jsonOf(value: Value): LosslessJson {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(jsonOf)
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [String(key), jsonOf(item)]))
  return value as LosslessJson
}
