import { Failure } from './failure.ts'
import { type FieldType, fieldsOf } from './fields.ts'
import type { Kind } from './kinds.ts'
import { copy, isTree, type Tree } from './tree.ts'

/** Who has applied which leaves of which object; kept beside the objects. */
export class Ownership {
  /** uid → manager → leaf path → value. */
  readonly #applied = new Map<string, Map<string, Map<string, string>>>()

  /**
   * Server-side apply: the leaves of `config` become as told, those that the manager told before and tells no longer
   * go unless somebody else told them, too; 409 for a leaf that another manager has told otherwise.
   */
  apply(kind: Kind, object: Tree | undefined, config: Tree, manager: string, force: boolean): Tree {
    const type: FieldType = { of: 'object', name: kind.type }
    const told = leaves(type, config)
    const all = this.#applied.get(object?.['metadata'].uid ?? '') ?? new Map<string, Map<string, string>>()
    const contested: string[] = []
    for (const [other, theirs] of all) {
      if (other === manager) continue
      for (const [path, value] of told) {
        if (!theirs.has(path) || theirs.get(path) === value) continue
        if (force) theirs.delete(path)
        else contested.push(`conflict with "${other}": ${path}`)
      }
    }
    if (contested.length > 0)
      throw new Failure(
        409,
        'Conflict',
        `Apply failed with ${contested.length} conflict${contested.length === 1 ? '' : 's'}: ${contested.join('\n')}`,
        {
          causes: contested.map(message => ({
            reason: 'FieldManagerConflict',
            message,
            field: message.split(': ')[1],
          })),
        },
      )
    const dropped = [...(all.get(manager)?.keys() ?? [])].filter(
      path => !told.has(path) && ![...all].some(([other, theirs]) => other !== manager && theirs.has(path)),
    )
    const result = applied(type, without(type, copy(object ?? {}), dropped), config) as Tree
    all.set(manager, told)
    this.#pending = { all }
    return result
  }

  #pending: { all: Map<string, Map<string, string>> } | undefined

  /** The object of the last `apply` is stored under this uid. */
  stored(uid: string): void {
    if (this.#pending) this.#applied.set(uid, this.#pending.all)
    this.#pending = undefined
  }
}

const NOT_OWNED = new Set([
  '.apiVersion',
  '.kind',
  '.metadata.name',
  '.metadata.namespace',
  '.metadata.uid',
  '.metadata.resourceVersion',
])

/** Paths as the server writes them: `.spec.containers[name="app"].image`. */
function leaves(type: FieldType | undefined, value: unknown, path = ''): Map<string, string> {
  if (isTree(value) && (Object.keys(value).length > 0 || path === ''))
    return new Map(
      Object.entries(value).flatMap(([key, inner]) => [...leaves(below(type, key), inner, `${path}.${key}`)]),
    )
  if (Array.isArray(value) && type?.of === 'list' && (type.keys.length > 0 || type.set))
    return new Map(value.flatMap(item => [...leaves(type.item, item, `${path}${keyOf(type, item)}`)]))
  return NOT_OWNED.has(path) ? new Map() : new Map([[path, JSON.stringify(value)]])
}

function keyOf({ keys }: FieldType & { of: 'list' }, item: unknown): string {
  if (keys.length === 0 || !isTree(item)) return `[=${JSON.stringify(item)}]`
  return `[${keys.map(key => `${key}=${JSON.stringify(item[key] ?? (key === 'protocol' ? 'TCP' : undefined))}`).join(',')}]`
}

function below(type: FieldType | undefined, key: string): FieldType | undefined {
  if (type?.of === 'map') return type.item
  return type?.of === 'object' ? fieldsOf(type.name).get(key)?.type : undefined
}

function applied(type: FieldType | undefined, target: unknown, config: unknown): unknown {
  if (isTree(config)) {
    const result: Tree = isTree(target) ? { ...target } : {}
    for (const [key, value] of Object.entries(config)) {
      if (value === null) continue
      result[key] = applied(below(type, key), result[key], value)
    }
    return result
  }
  if (!Array.isArray(config) || type?.of !== 'list' || (type.keys.length === 0 && !type.set)) return config
  const result = Array.isArray(target) ? [...target] : []
  for (const item of config) {
    const at = result.findIndex(each => keyOf(type, each) === keyOf(type, item))
    if (at === -1) result.push(applied(type.item, undefined, item))
    else result[at] = applied(type.item, result[at], item)
  }
  return result
}

/** Takes leaves away, and what is empty then. */
function without(type: FieldType | undefined, value: unknown, paths: readonly string[], path = ''): unknown {
  if (!paths.some(each => each === path || each.startsWith(`${path}.`) || each.startsWith(`${path}[`)))
    return value
  if (paths.includes(path)) return undefined
  if (isTree(value)) {
    const kept = Object.entries(value)
      .map(([key, inner]) => [key, without(below(type, key), inner, paths, `${path}.${key}`)] as const)
      .filter(([, inner]) => inner !== undefined)
    return kept.length === 0 && path !== '' ? undefined : Object.fromEntries(kept)
  }
  if (!Array.isArray(value) || type?.of !== 'list') return value
  const kept = value.flatMap(item => {
    const inner = without(type.item, item, paths, `${path}${keyOf(type, item)}`)
    return inner === undefined ? [] : [inner]
  })
  return kept.length === 0 ? undefined : kept
}
