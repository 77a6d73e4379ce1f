import type { LosslessJson } from '../../../../wire/json/lossless.ts'
import { type DocumentData, DocumentError, readDocument } from '../document.ts'

/** An encrypted file: its tree in the order of the file, and what SOPS wrote of it. */
export interface SopsDocument {
  readonly tree: DocumentData
  readonly metadata: ReadonlyMap<string, LosslessJson>
}

/** Rejects with a DocumentError. */
export async function readSopsDocument(text: string, format: 'yaml' | 'json' | 'env'): Promise<SopsDocument> {
  if (format === 'env') return readEnv(text)
  // JSON is YAML, whose reader keeps the order of all keys; the order is part of what was signed.
  const whole = new Map(await readDocument(text, 'yaml'))
  const metadata = whole.get('sops')
  if (!(metadata instanceof Map)) throw notEncrypted()
  whole.delete('sops')
  return { tree: whole, metadata }
}

/** SOPS has a dialect of its own: no quotes, and line ends as \n. */
function readEnv(text: string): SopsDocument {
  const tree = new Map<string, LosslessJson>()
  const metadata = new Map<string, LosslessJson>()
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue
    const equals = line.indexOf('=')
    if (equals < 0) throw new DocumentError(`line ${index + 1}: expected NAME=value`)
    const name = line.slice(0, equals)
    const value = line.slice(equals + 1).replaceAll('\\n', '\n')
    if (name.startsWith('sops_')) place(metadata, name.slice('sops_'.length), value)
    else tree.set(name, value)
  }
  if (metadata.size === 0) throw notEncrypted()
  return { tree, metadata }
}

/** Puts a value to where its name says: `age__list_0__map_enc` is `age[0].enc`. */
function place(metadata: Map<string, LosslessJson>, name: string, value: string): void {
  const [first = '', ...steps] = name.split(/__(?=list_\d{1,3}(?:__|$)|map_)/)
  let at: Map<string, LosslessJson> | LosslessJson[] = metadata
  let key: string | number = first
  for (const step of steps) {
    const isList: boolean = step.startsWith('list_')
    const inner: LosslessJson = valueAt(at, key) ?? (isList ? [] : new Map<string, LosslessJson>())
    if (isList ? !Array.isArray(inner) : !(inner instanceof Map))
      throw new DocumentError(`sops_${first} is a list and a mapping at once`)
    put(at, key, inner)
    at = inner as typeof at
    key = isList ? Number(step.slice('list_'.length)) : step.slice('map_'.length)
  }
  put(at, key, value)
}

function valueAt(at: Map<string, LosslessJson> | LosslessJson[], key: string | number) {
  return Array.isArray(at) ? at[Number(key)] : at.get(String(key))
}

function put(at: Map<string, LosslessJson> | LosslessJson[], key: string | number, value: LosslessJson) {
  if (Array.isArray(at)) at[Number(key)] = value
  else at.set(String(key), value)
}

function notEncrypted(): DocumentError {
  return new DocumentError('it is not encrypted: what SOPS writes at its end is missing')
}
