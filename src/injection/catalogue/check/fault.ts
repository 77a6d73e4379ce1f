import type { Problem } from '../../../kernel/config/problem.ts'
import { nearest } from '../../../kernel/config/suggest.ts'
import { isObject, type Json, type JsonObject, type Path } from '../../../manifests/json.ts'

/** A problem with a value of an entry. */
export function fault(path: Path, message: string, hint?: string): Problem {
  return { path, message, ...(hint !== undefined && { hint }) }
}

/** Keys that are probably misspelt. Others may be of a newer Kubernetes than we know. */
export function misspelt(value: Json | undefined, known: readonly string[], path: Path): Problem[] {
  if (!isObject(value)) return []
  return Object.keys(value).flatMap((key): Problem[] => {
    const near = known.includes(key) || key.startsWith('$') ? undefined : nearest(key, known)
    if (near === undefined) return []
    return [{ path: [...path, key], at: 'key', message: `unknown key; did you mean "${near}"?` }]
  })
}

/** The mappings of a list with their places; `$each` stands for its item. */
export function mappingsOf(list: Json | undefined, path: Path): { value: JsonObject; path: Path }[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((item: Json, i) => {
    if (!isObject(item)) return []
    const inner = item['$item']
    return isObject(inner)
      ? [{ value: inner, path: [...path, i, '$item'] }]
      : [{ value: item, path: [...path, i] }]
  })
}

/** Tells values that are there twice among mappings; those under different conditions may be. */
export function twice(
  mappings: readonly { value: JsonObject; path: Path }[],
  key: string,
  what: string,
): Problem[] {
  const seen = new Map<Json, Json | undefined>()
  return mappings.flatMap(({ value, path }): Problem[] => {
    const own = value[key]
    if (own === undefined) return []
    const guarded = value['$when'] !== undefined && seen.get(own) !== null && seen.get(own) !== value['$when']
    if (seen.has(own) && !guarded)
      return [fault([...path, key], `${what} ${JSON.stringify(own)} is there twice`)]
    seen.set(own, value['$when'] ?? null)
    return []
  })
}

export function isTemplate(value: Json | undefined): boolean {
  return typeof value === 'string' && /(?:^|[^$])\$\{/.test(value)
}
