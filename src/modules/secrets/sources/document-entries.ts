import type { Value } from '../../../wire/gotemplate/value.ts'
import type { SecretData } from '../secret/value.ts'

/** What stands for the whole document where a path is asked for. */
export const WHOLE = 'all'

/**
 * The entries at a path of a document: a key of that name, else the way through its mappings (`app/db`); `all` is the
 * document itself. What is no mapping is one entry named `value`. Undefined when there is nothing.
 */
export function entriesAt(document: SecretData, path: string): SecretData | undefined {
  const value = valueAt(document, path)
  if (value === undefined) return path === WHOLE ? document : undefined
  return value instanceof Map ? (value as SecretData) : new Map([['value', value]])
}

/** The names right below a path, those of mappings with a `/`. */
export function namesAt(document: SecretData, path: string): string[] {
  const folder = path === '' ? document : valueAt(document, path)
  if (!(folder instanceof Map)) return []
  return [...folder].map(([name, inner]) => (inner instanceof Map ? `${name}/` : name)).sort()
}

function valueAt(document: SecretData, path: string): Value | undefined {
  if (document.has(path)) return document.get(path)
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const inner = document.get(path.slice(0, slash))
    if (inner instanceof Map) {
      const found = valueAt(inner as SecretData, path.slice(slash + 1))
      if (found !== undefined) return found
    }
  }
  return undefined
}
