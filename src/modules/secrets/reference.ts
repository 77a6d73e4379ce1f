import type { SecretRequest } from './sources/source.ts'

/** A secret as configurations name it: `[source:]path[?version=N][#key]`. */
export interface Reference {
  /** Of `secrets.sources`; the first one unless given. */
  readonly source: string | undefined
  readonly request: SecretRequest
  /** One entry of it; `a.b` reaches into a mapping. */
  readonly key: string | undefined
}

/**
 * What stands before a colon is a source only when there is one of that name, so that paths with colons (an ARN)
 * need no quoting. Undefined when there is no path, or a version that is no number.
 */
export function parseReference(text: string, sources: readonly string[]): Reference | undefined {
  const parts = /^(?:([A-Za-z0-9][\w.-]*):)?([\s\S]*)$/.exec(text)!
  const isSource = parts[1] !== undefined && sources.includes(parts[1])
  const rest = isSource ? parts[2]! : text
  const hash = rest.indexOf('#')
  const key = hash < 0 ? undefined : rest.slice(hash + 1)
  const request = parsePath(hash < 0 ? rest : rest.slice(0, hash))
  if (request === undefined || key === '') return undefined
  return { source: isSource ? parts[1] : undefined, request, key }
}

/** `path?version=N`, as templates write it too; other questions stay part of the path. */
export function parsePath(text: string): SecretRequest | undefined {
  const question = text.indexOf('?')
  const path = (question < 0 ? text : text.slice(0, question)).replace(/^\/+|\/+$/g, '')
  if (path === '') return undefined
  if (question < 0) return { path }
  const query = new URLSearchParams(text.slice(question + 1))
  const version = query.get('version')
  query.delete('version')
  const whole = query.size === 0 ? path : `${path}?${query}`
  if (version === null) return { path: whole }
  return /^\d{1,9}$/.test(version) ? { path: whole, version: Number(version) } : undefined
}
