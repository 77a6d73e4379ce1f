import { applyPatch, PatchError, type PatchOperation } from '../../../src/wire/json-patch/patch.ts'
import { badRequest, Failure, invalid } from './failure.ts'
import { type FieldType, fieldsOf } from './fields.ts'
import type { Kind } from './kinds.ts'
import { copy, isTree, type Tree } from './tree.ts'

/** The object after a patch of this media type; apply is elsewhere. */
export function patched(kind: Kind, object: Tree, contentType: string, patch: unknown): Tree {
  switch (contentType) {
    case 'application/json-patch+json':
      return jsonPatched(kind, object, patch)
    case 'application/merge-patch+json':
      if (!isTree(patch)) throw badRequest('a merge patch must be an object')
      return merged(object, patch) as Tree
    case 'application/strategic-merge-patch+json':
      if (!isTree(patch)) throw badRequest('a strategic merge patch must be an object')
      return strategic({ of: 'object', name: kind.type }, object, patch) as Tree
    default:
      throw new Failure(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format: ${contentType}`,
      )
  }
}

function jsonPatched(kind: Kind, object: Tree, patch: unknown): Tree {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be a list of operations')
  try {
    return applyPatch(object, patch as PatchOperation[]) as Tree
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    throw invalid(kind.kind, kind.group, object['metadata'].name, [
      { field: 'patch', message: error.message },
    ])
  }
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isTree(patch)) return patch
  const result: Tree = isTree(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merged(result[key], value)
  }
  return result
}

/** Lists with keys are merged item by item; new items land first, as they do in the real one. */
export function strategic(type: FieldType | undefined, target: unknown, patch: unknown): unknown {
  if (Array.isArray(patch)) return strategicList(type, Array.isArray(target) ? target : [], patch)
  if (!isTree(patch)) return patch
  const { $patch: directive, $retainKeys: retain, ...rest } = patch
  if (directive === 'replace') return rest
  if (directive === 'delete') return undefined
  const result: Tree = isTree(target) ? { ...target } : {}
  if (Array.isArray(retain))
    for (const key of Object.keys(result)) if (!retain.includes(key)) delete result[key]
  for (const [key, value] of Object.entries(rest)) {
    const deletion = /^\$deleteFromPrimitiveList\/(.+)$/.exec(key)?.[1]
    if (deletion !== undefined) {
      result[deletion] = (result[deletion] ?? []).filter((item: unknown) => !value.includes(item))
      continue
    }
    if (key.startsWith('$setElementOrder/')) continue
    if (value === null) delete result[key]
    else result[key] = strategic(typeOf(type, key), result[key], value)
    if (result[key] === undefined) delete result[key]
  }
  for (const [key, order] of Object.entries(rest)) {
    const list = /^\$setElementOrder\/(.+)$/.exec(key)?.[1]
    if (list !== undefined && Array.isArray(result[list]))
      result[list] = ordered(typeOf(type, list), result[list], order)
  }
  return result
}

function typeOf(type: FieldType | undefined, key: string): FieldType | undefined {
  if (type?.of === 'map') return type.item
  return type?.of === 'object' ? fieldsOf(type.name).get(key)?.type : undefined
}

function strategicList(type: FieldType | undefined, target: unknown[], patch: unknown[]): unknown[] {
  if (type?.of !== 'list' || !type.merges) return patch
  const [key] = type.keys
  if (key === undefined) return [...target, ...patch.filter(item => !target.includes(item))]
  if (patch.some(item => isTree(item) && item['$patch'] === 'replace'))
    return patch.filter(item => !(isTree(item) && item['$patch'] === 'replace'))
  const result = copy(target) as Tree[]
  const added: unknown[] = []
  for (const item of patch as Tree[]) {
    if (item[key] === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`)
    const at = result.findIndex(each => each[key] === item[key])
    if (item['$patch'] === 'delete') {
      if (at !== -1) result.splice(at, 1)
    } else if (at === -1) added.push(strategic(type.item, {}, item))
    else result[at] = strategic(type.item, result[at], item) as Tree
  }
  return [...added, ...result]
}

function ordered(type: FieldType | undefined, list: Tree[], order: readonly unknown[]): Tree[] {
  const key = type?.of === 'list' ? type.keys[0] : undefined
  const rank = (item: Tree) =>
    order.findIndex(each => (key === undefined ? each === item : (each as Tree)[key] === item[key]))
  const known = list.filter(item => rank(item) !== -1).sort((a, b) => rank(a) - rank(b))
  // What the order does not name stays behind its neighbour before it.
  const result = [...known]
  for (const [index, item] of list.entries()) {
    if (rank(item) !== -1) continue
    const before = list.slice(0, index).findLast(each => result.includes(each))
    result.splice(before === undefined ? 0 : result.indexOf(before) + 1, 0, item)
  }
  return result
}
