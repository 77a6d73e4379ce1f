import { isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import { effectiveService, hasVariable, listOf } from './project.ts'

/** Something that a service mounts. */
export interface Mount {
  /** anonymous: a volume without a name. other: an image, a named pipe. */
  readonly kind: 'volume' | 'bind' | 'tmpfs' | 'anonymous' | 'other'
  readonly source?: string
  /** In the container, without a slash at the end. */
  readonly target: string
  readonly readOnly: boolean
  /** As it is written. */
  readonly value: Json
}

/** What a service mounts by `volumes` and `tmpfs`. */
export function mountsOf(service: JsonObject): Mount[] {
  const volumes = listOf(service['volumes']).flatMap(value => readMount(value) ?? [])
  const tmpfs = listOf(service['tmpfs']).filter(value => typeof value === 'string')
  return [
    ...volumes,
    ...tmpfs.map(
      (value): Mount => ({ kind: 'tmpfs', target: tidy(fields(value)[0]!), readOnly: false, value }),
    ),
  ]
}

function readMount(value: Json): Mount | undefined {
  if (typeof value === 'string') return readShort(value)
  if (!isObject(value) || typeof value['target'] !== 'string') return undefined
  const { type, source, target } = value
  const named = typeof source === 'string' && source !== ''
  return {
    kind:
      type === 'volume'
        ? named
          ? 'volume'
          : 'anonymous'
        : type === 'bind' || type === 'tmpfs'
          ? type
          : 'other',
    ...(named && { source }),
    target: tidy(target),
    readOnly: value['read_only'] === true || value['read_only'] === 'true',
    value,
  }
}

/** `[SOURCE:]TARGET[:OPTIONS]`. */
function readShort(value: string): Mount | undefined {
  const [first, target, options = ''] = fields(value)
  if (first === undefined || first === '') return undefined
  if (target === undefined) return { kind: 'anonymous', target: tidy(first), readOnly: false, value }
  const kind = /^([./~]|[a-zA-Z]:)/.test(first) ? 'bind' : 'volume'
  return { kind, source: first, target: tidy(target), readOnly: options.split(',').includes('ro'), value }
}

/** Between colons, but for those in `${NAME:-default}` and behind the letter of a drive. */
function fields(spec: string): string[] {
  const found: string[] = []
  let field = ''
  let depth = 0
  for (const [index, character] of [...spec].entries()) {
    if (character === '{' && spec[index - 1] === '$') depth++
    else if (character === '}' && depth > 0) depth--
    if (character === ':' && depth === 0 && !/^[a-zA-Z]$/.test(field)) {
      found.push(field)
      field = ''
    } else field += character
  }
  found.push(field)
  return found
}

/** Without double slashes and without one at the end. */
export function tidy(path: string): string {
  const single = path.replace(/\/{2,}/g, '/')
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single
}

/** Whether `path` is `folder` or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`)
}

/** The mount that a path lies in: the one with the longest target. */
export function mountAt(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts
    .filter(({ target }) => isWithin(path, target))
    .reduce<Mount | undefined>(
      (best, mount) => (best === undefined || mount.target.length > best.target.length ? mount : best),
      undefined,
    )
}

/** What is mounted there by way of `volumes_from`, with the item of the list that brings it. */
export function inheritedMountAt(
  document: Json,
  service: JsonObject,
  path: string,
  depth = 0,
): { readonly mount: Mount; readonly from: string } | undefined {
  if (depth > 10) return undefined
  for (const item of listOf(service['volumes_from'])) {
    if (typeof item !== 'string' || item.startsWith('container:')) continue
    const [name = '', mode] = fields(item)
    const { service: other } = effectiveService(document, name)
    const mount = mountAt(mountsOf(other), path) ?? inheritedMountAt(document, other, path, depth + 1)?.mount
    if (mount !== undefined)
      return { mount: mode === 'ro' ? { ...mount, readOnly: true } : mount, from: name }
  }
  return undefined
}

/** The same volume or folder at a place in another service. What belongs to the first service alone is left out. */
export function mountedAt(mount: Mount, target: string, readOnly: boolean): Json {
  const { value } = mount
  if (typeof value === 'string') {
    const [source = '', , options = ''] = fields(value)
    const kept = options.split(',').filter(option => !['', 'ro', 'rw', 'nocopy', 'copy'].includes(option))
    // With a variable it turns out later whether it is a volume or a folder: the short form takes both.
    if (mount.kind === 'bind' || hasVariable(source)) {
      const all = [...(readOnly ? ['ro'] : []), ...kept]
      return [source, target, ...(all.length > 0 ? [all.join(',')] : [])].join(':')
    }
    return volumeMount(source, target, readOnly)
  }
  const { volume, read_only: _, ...rest } = value as JsonObject
  return {
    ...rest,
    target,
    ...(readOnly && { read_only: true }),
    ...(mount.kind === 'volume' && {
      volume: { ...(isObject(volume) && volume), ...(readOnly && { nocopy: true }) },
    }),
  }
}

/**
 * A named volume. The reader gets it with nocopy: Docker fills an empty volume from the image of the first container
 * that mounts it, with the owner of the folder there, and that must be the application's.
 */
export function volumeMount(source: string, target: string, readOnly: boolean): JsonObject {
  return {
    type: 'volume',
    source,
    target,
    ...(readOnly && { read_only: true, volume: { nocopy: true } }),
  }
}
