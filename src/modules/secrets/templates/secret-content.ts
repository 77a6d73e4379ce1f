import { JsonNumber, type LosslessJson, writeLossless } from '../../../wire/json/lossless.ts'
import { writeYaml } from '../../../wire/yaml/write.ts'
import type { Reference } from '../reference.ts'
import { jsonOf, lookUp } from '../secret/entries.ts'
import type { SecretData, SecretValue } from '../secret/value.ts'
import { type Content, ContentProblem } from './content.ts'
import { missingEntry, oneEntry } from './one-entry.ts'

export type SecretFormat = 'value' | 'json' | 'yaml' | 'env' | 'properties'

/** A secret as it is, or one entry of it, without a template. */
export function secretContent(
  reference: Reference,
  written: string,
  format: SecretFormat | undefined,
  maxBytes: number,
): Content {
  const as = format ?? (reference.key === undefined ? 'json' : 'value')
  return {
    origin: `secret ${written}`,
    make: asking => {
      const value = asking.secret(reference.source, reference.request)
      if (value === undefined) return NOTHING
      const made = Buffer.from(writeSecretAs(as, value, reference.key, written))
      if (made.length > maxBytes)
        throw new ContentProblem(`secret ${written}: has ${made.length} bytes, and maxSize is ${maxBytes}`)
      return made
    },
  }
}

const NOTHING = new Uint8Array(0)

/** Throws a ContentProblem for an entry that is not there. */
export function writeSecretAs(
  format: SecretFormat,
  value: SecretValue,
  key: string | undefined,
  written: string,
): string | Uint8Array {
  if (format === 'value') return oneEntry(value, key, written)
  const data = key === undefined ? value.data : innerOf(value, key, written)
  const entries = [...data].map(([name, entry]) => [name, jsonOf(entry)] as const)
  const json = new Map(entries)
  switch (format) {
    case 'json':
      return `${writeLossless(json, 2)}\n`
    case 'yaml':
      return writeYaml(plain(json))
    case 'env':
      return entries.map(([name, entry]) => `${variableName(name)}=${shellQuoted(textOf(entry))}\n`).join('')
    case 'properties':
      return entries
        .map(([name, entry]) => `${escaped(name, true)}=${escaped(textOf(entry), false)}\n`)
        .join('')
  }
}

function innerOf(value: SecretValue, key: string, written: string): SecretData {
  const inner = lookUp(value.data, key)
  if (inner instanceof Map) return inner as SecretData
  if (inner === undefined || inner === null) throw missingEntry(value, key, written)
  return new Map([[key, inner]])
}

/** Numbers that JavaScript would change become text, which loses nothing. */
function plain(value: LosslessJson): unknown {
  if (value instanceof JsonNumber)
    return String(Number(value.text)) === value.text ? Number(value.text) : value.text
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
  return value
}

function textOf(value: LosslessJson): string {
  if (typeof value === 'string') return value
  return value instanceof JsonNumber ? value.text : writeLossless(value)
}

function variableName(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_]/g, '_')
  return /^\d/.test(plain) ? `_${plain}` : plain
}

/** Safe to be sourced by a shell, and read by what reads such files otherwise. */
function shellQuoted(text: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** As java.util.Properties reads it. */
function escaped(text: string, isKey: boolean): string {
  const special = isKey ? /[\\\s=:#!]/g : /^\s|[\\\n\r\t\f]/g
  const NAMES: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't', '\f': 'f' }
  return text
    .replaceAll(special, char => `\\${NAMES[char] ?? char}`)
    .replaceAll(/[^\x20-\x7e]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
