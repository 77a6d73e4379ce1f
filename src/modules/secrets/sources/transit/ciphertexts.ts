import type { Value } from '../../../../wire/gotemplate/value.ts'
import type { SecretData } from '../../secret/value.ts'

/** A file may end its text with a line feed. */
const CIPHERTEXT = /^\s*(vault:v[1-9]\d*:\S+)\s*$/

/** What is encrypted in a tree, each with the first place where it stands: `app.password`. */
export function ciphertextsIn(tree: SecretData): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const look = (value: Value, place: string): void => {
    const ciphertext = ciphertextOf(value)
    if (ciphertext !== undefined && !found.has(ciphertext)) found.set(ciphertext, place)
    const join = place === '' ? '' : `${place}.`
    if (Array.isArray(value) || value instanceof Map)
      for (const [key, item] of value.entries()) look(item, `${join}${key}`)
  }
  look(tree, '')
  return found
}

/** The same tree with what the ciphertexts mean. */
export function withPlaintexts(
  tree: SecretData,
  plaintexts: ReadonlyMap<string, string | Uint8Array>,
): SecretData {
  const opened = (value: Value): Value => {
    if (Array.isArray(value)) return value.map(opened)
    if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, opened(item)]))
    const ciphertext = ciphertextOf(value)
    return ciphertext === undefined ? value : plaintexts.get(ciphertext)
  }
  return opened(tree) as SecretData
}

function ciphertextOf(value: Value): string | undefined {
  return typeof value === 'string' ? CIPHERTEXT.exec(value)?.[1] : undefined
}
