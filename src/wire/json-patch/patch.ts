/** One operation of JSON Patch (RFC 6902). `path` and `from` are JSON Pointers (RFC 6901). */
export type PatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string }

/** An operation that cannot be carried out: its place in the patch, and why. */
export class PatchError extends Error {
  readonly index: number

  constructor(index: number, message: string) {
    super(`operation ${index}: ${message}`)
    this.name = 'PatchError'
    this.index = index
  }
}

/**
 * The document after all operations, in order; the given one stays as it is, and what no operation touches is shared
 * with it. Throws PatchError at the first operation that fails, as RFC 6902 section 5 asks.
 */
export function applyPatch(document: unknown, patch: readonly PatchOperation[]): unknown {
  let result = document
  for (const [index, operation] of patch.entries()) {
    try {
      result = applyOne(result, operation)
    } catch (error) {
      throw new PatchError(index, (error as Error).message)
    }
  }
  return result
}

function applyOne(document: unknown, operation: PatchOperation): unknown {
  const steps = parsePointer(operation.path)
  switch (operation.op) {
    case 'add':
      return change(document, steps, insert(operation.value), operation.path)
    case 'remove':
      return change(document, steps, remove, operation.path)
    case 'replace':
      if (steps.length === 0) return operation.value
      return change(document, steps, replace(operation.value), operation.path)
    case 'test':
      if (!equal(get(document, steps, operation.path), operation.value))
        throw new Error(`the value at "${operation.path}" is another`)
      return document
    case 'copy':
    case 'move': {
      const from = parsePointer(operation.from)
      const value = get(document, from, operation.from)
      if (operation.op === 'copy') return change(document, steps, insert(value), operation.path)
      if (operation.path === operation.from) return document
      if (operation.path.startsWith(`${operation.from}/`))
        throw new Error(`"${operation.from}" cannot be moved into itself`)
      return change(change(document, from, remove, operation.from), steps, insert(value), operation.path)
    }
    default:
      throw new Error(`unknown operation "${String((operation as { op: unknown }).op)}"`)
  }
}

/** The steps of a JSON Pointer. Throws when it is none. */
export function parsePointer(pointer: string): string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/')) throw new Error(`"${pointer}" is no JSON Pointer: it must begin with "/"`)
  return pointer
    .slice(1)
    .split('/')
    .map(step => {
      if (/~(?![01])/.test(step)) throw new Error(`"${pointer}" is no JSON Pointer: "~" must be written "~0"`)
      return step.replaceAll('~1', '/').replaceAll('~0', '~')
    })
}

type Edit = (parent: unknown, step: string, pointer: string) => unknown

/** Copies the containers on the way and hands the last one to `edit`. No steps: the whole document. */
function change(document: unknown, steps: readonly string[], edit: Edit, pointer: string): unknown {
  const [step, ...rest] = steps
  if (step === undefined) return edit(undefined, '', pointer)
  if (rest.length === 0) return edit(document, step, pointer)
  const child = change(member(document, step, pointer), rest, edit, pointer)
  if (Array.isArray(document)) return document.with(Number(step), child)
  return { ...(document as object), [step]: child }
}

function insert(value: unknown): Edit {
  return (parent, step, pointer) => {
    if (parent === undefined) return value
    if (Array.isArray(parent)) {
      const index = step === '-' ? parent.length : arrayIndex(step, parent.length + 1, pointer)
      return parent.toSpliced(index, 0, value)
    }
    return { ...mapping(parent, pointer), [step]: value }
  }
}

function replace(value: unknown): Edit {
  return (parent, step, pointer) => {
    member(parent, step, pointer)
    if (Array.isArray(parent)) return parent.with(Number(step), value)
    return { ...mapping(parent, pointer), [step]: value }
  }
}

const remove: Edit = (parent, step, pointer) => {
  if (parent === undefined) throw new Error('the whole document cannot be removed')
  member(parent, step, pointer)
  if (Array.isArray(parent)) return parent.toSpliced(Number(step), 1)
  const { [step]: _, ...rest } = mapping(parent, pointer)
  return rest
}

function get(document: unknown, steps: readonly string[], pointer: string): unknown {
  let here = document
  for (const step of steps) here = member(here, step, pointer)
  return here
}

function member(parent: unknown, step: string, pointer: string): unknown {
  if (Array.isArray(parent)) return parent[arrayIndex(step, parent.length, pointer)]
  const map = mapping(parent, pointer)
  if (!Object.hasOwn(map, step)) throw new Error(`there is nothing at "${pointer}"`)
  return map[step]
}

function arrayIndex(step: string, length: number, pointer: string): number {
  if (!/^(0|[1-9]\d*)$/.test(step)) throw new Error(`"${step}" in "${pointer}" is no index of a list`)
  const index = Number(step)
  if (index >= length) throw new Error(`there is nothing at "${pointer}"`)
  return index
}

function mapping(value: unknown, pointer: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`nothing can stand at "${pointer}"`)
  return value as Record<string, unknown>
}

/** Equality of JSON values (RFC 6902 section 4.6): the order of members does not count. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]))
    )
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(
      key =>
        Object.hasOwn(b, key) &&
        equal((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  )
}
