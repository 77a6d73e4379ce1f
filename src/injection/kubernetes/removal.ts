import { at, isObject, type JsonObject, type Path, pointer } from '../../manifests/json.ts'
import type { PatchOperation } from '../../wire/json-patch/patch.ts'
import { fingerprint, programOf } from './fingerprint.ts'
import type { Added, Fingerprint, InjectionStatus } from './injection.ts'
import { listOf } from './pod.ts'
import { DOMAIN } from './vocabulary.ts'

/** What of a status is really in the pod, and how to take it out. Paths are from the pod template on. */
export interface Removal {
  readonly patch: readonly PatchOperation[]
  /** Keys as keyOf makes them: of what is there and is ours. */
  readonly owned: ReadonlySet<string>
  /** Names of containers that should be there and are not. */
  readonly missing: readonly string[]
  /** Containers that carry the name of ours and are another program: they stay. */
  readonly foreign: readonly Path[]
  /** Containers of ours that somebody has changed since. */
  readonly changed: readonly Path[]
  /** Volumes of ours that somebody else mounts by now: they stay if `keepUsed` says so. */
  readonly used: readonly Path[]
}

type List = 'initContainers' | 'containers'
const LISTS: readonly List[] = ['initContainers', 'containers']

/** One text for each thing that can be added; a line feed is in no name of Kubernetes. */
export function keyOf(...parts: readonly string[]): string {
  return parts.join('\n')
}

/**
 * Works out how what was `added` is removed. Never the annotation alone decides: a container goes only if it runs the program that
 * was injected (or is as it was). With `keepUsed`, volumes that somebody else's container mounts stay, too.
 */
export function removalOf(
  template: JsonObject,
  added: Added,
  status: InjectionStatus,
  keepUsed: boolean,
): Removal {
  const owned = new Set<string>()
  const missing: string[] = []
  const foreign: Path[] = []
  const changed: Path[] = []
  const used: Path[] = []
  const patch: PatchOperation[] = []
  const made = new Set(status.made)
  const nulls = new Set(status.nulls)

  const removeItems = (
    path: Path,
    label: string,
    isOurs: (item: JsonObject, index: number) => boolean,
  ): void => {
    const list = at(template, path)
    if (!Array.isArray(list)) return
    const ours = list.flatMap((item, index) => (isObject(item) && isOurs(item, index) ? [index] : []))
    if (ours.length === list.length && clear(path, label)) return
    for (const index of ours.reverse()) patch.push({ op: 'remove', path: pointer([...path, index]) })
  }
  /** A list or mapping of which nothing stays is as it was before: absent, or null. */
  const clear = (path: Path, label: string): boolean => {
    if (made.has(label)) patch.push({ op: 'remove', path: pointer(path) })
    else if (nulls.has(label)) patch.push({ op: 'replace', path: pointer(path), value: null })
    return made.has(label) || nulls.has(label)
  }
  const removeKeys = (path: Path, label: string, keys: ReadonlySet<string>): void => {
    const mapping = at(template, path)
    if (!isObject(mapping)) return
    const ours = Object.keys(mapping).filter(key => keys.has(key))
    for (const key of ours) owned.add(keyOf(label, key))
    if (ours.length === Object.keys(mapping).length && clear(path, label)) return
    for (const key of ours) patch.push({ op: 'remove', path: pointer([...path, key]) })
  }

  for (const list of LISTS) {
    const expected = new Map<unknown, Fingerprint>(Object.entries(added[list] ?? {}))
    const there = new Set<unknown>()
    const items = at(template, ['spec', list])
    if (Array.isArray(items))
      for (const [index, container] of items.entries()) {
        const name = isObject(container) ? container['name'] : undefined
        const before = expected.get(name)
        if (before === undefined || there.has(name)) continue
        const path = ['spec', list, index]
        const now = fingerprint(container)
        const same = now.hash === before.hash
        if (!same && programOf(now.image) !== programOf(before.image)) foreign.push(path)
        else {
          if (!same || now.image !== before.image) changed.push(path)
          there.add(name)
          owned.add(keyOf(`spec.${list}`, String(name)))
        }
      }
    for (const name of expected.keys()) if (!there.has(name)) missing.push(String(name))
  }

  for (const [kind, keyName] of [
    ['volumeMounts', 'mountPath'],
    ['env', 'name'],
  ] as const) {
    const byContainer = new Map(Object.entries(added[kind] ?? {}))
    for (const { container, path } of eachContainer(template)) {
      const name = String(container['name'])
      const keys = new Set<unknown>(byContainer.get(name))
      if (keys.size === 0) continue
      removeItems([...path, kind], `${kind} of ${name}`, item => {
        if (!keys.delete(item[keyName])) return false
        owned.add(keyOf(kind, name, String(item[keyName])))
        return true
      })
    }
  }

  const volumes = new Set<unknown>(added.volumes)
  const stillMounted = keepUsed ? mountedByOthers(template, owned) : new Set()
  removeItems(['spec', 'volumes'], 'spec.volumes', ({ name }, index) => {
    if (!volumes.delete(name)) return false
    if (stillMounted.has(name)) {
      used.push(['spec', 'volumes', index])
      return false
    }
    owned.add(keyOf('spec.volumes', String(name)))
    return true
  })
  const secrets = new Set<unknown>(added.imagePullSecrets)
  removeItems(['spec', 'imagePullSecrets'], 'spec.imagePullSecrets', ({ name }) => {
    if (!secrets.delete(name)) return false
    owned.add(keyOf('spec.imagePullSecrets', String(name)))
    return true
  })
  for (const list of LISTS)
    removeItems(['spec', list], `spec.${list}`, ({ name }, index) => {
      if (!owned.has(keyOf(`spec.${list}`, String(name)))) return false
      return !foreign.some(path => path[1] === list && path[2] === index)
    })
  removeKeys(['spec', 'securityContext'], 'spec.securityContext', new Set(added.securityContext))
  removeKeys(['metadata', 'labels'], 'metadata.labels', new Set(added.labels))
  removeKeys(
    ['metadata', 'annotations'],
    'metadata.annotations',
    new Set([...(added.annotations ?? []), STATUS]),
  )
  removeEmptyMetadata(template, patch, made, nulls)
  return { patch, owned, missing, foreign, changed, used }
}

export const STATUS = `${DOMAIN}status`

/** metadata that was made for our annotations goes once they have gone. */
function removeEmptyMetadata(
  template: JsonObject,
  patch: PatchOperation[],
  made: ReadonlySet<string>,
  nulls: ReadonlySet<string>,
): void {
  const metadata = at(template, ['metadata'])
  if (!isObject(metadata) || !(made.has('metadata') || nulls.has('metadata'))) return
  const gone = new Set(patch.flatMap(({ op, path }) => (op === 'remove' ? [path] : [])))
  if (!Object.keys(metadata).every(key => gone.has(pointer(['metadata', key])))) return
  const kept = patch.filter(({ path }) => !path.startsWith('/metadata/'))
  patch.splice(0, patch.length, ...kept)
  if (made.has('metadata')) patch.push({ op: 'remove', path: '/metadata' })
  else patch.push({ op: 'replace', path: '/metadata', value: null })
}

function eachContainer(template: JsonObject): { container: JsonObject; path: Path }[] {
  return LISTS.flatMap(list =>
    (Array.isArray(at(template, ['spec', list])) ? (at(template, ['spec', list]) as readonly unknown[]) : [])
      .map((container, index) => ({ container, path: ['spec', list, index] as Path }))
      .filter((each): each is { container: JsonObject; path: Path } => isObject(each.container)),
  )
}

/** Volumes that a mount which is not ours names, in a container which is not ours. */
function mountedByOthers(template: JsonObject, owned: ReadonlySet<string>): Set<unknown> {
  const mounted = new Set<unknown>()
  for (const { container, path } of eachContainer(template)) {
    const name = String(container['name'])
    if (owned.has(keyOf(`spec.${path[1]}`, name))) continue
    for (const mount of listOf(container['volumeMounts']))
      if (!owned.has(keyOf('volumeMounts', name, String(mount['mountPath'])))) mounted.add(mount['name'])
  }
  return mounted
}
