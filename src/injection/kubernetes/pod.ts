import { at, isObject, type Json, type JsonObject, type Path } from '../../manifests/json.ts'
import { KNOWN_SIDECARS } from '../../manifests/known-sidecars.ts'

/** More than any pod that runs; a pod beyond them is refused before time is spent on it. */
export const MAX_CONTAINERS = 500
export const MAX_VOLUMES = 1000

/** A pod template whose parts that injection touches have been seen to be what Kubernetes takes. */
export interface Pod {
  readonly template: JsonObject
  readonly spec: JsonObject
  readonly annotations: JsonObject
  readonly containers: readonly NamedContainer[]
  readonly initContainers: readonly NamedContainer[]
  readonly volumes: readonly JsonObject[]
}

export interface NamedContainer extends JsonObject {
  readonly name: string
}

export type PodReading =
  | { readonly ok: true; readonly pod: Pod }
  | { readonly ok: false; readonly tooLarge?: true; readonly path: Path; readonly message: string }

export function readPod(template: JsonObject): PodReading {
  const wrong = (path: Path, message: string): PodReading => ({ ok: false, path, message })
  const spec = template['spec']
  if (!isObject(spec)) return wrong(['spec'], 'a pod needs a spec')
  for (const path of MAPPINGS) {
    const value = at(template, path)
    if (!isAbsent(value) && !isObject(value)) return wrong(path, 'must be a mapping')
  }
  for (const name of LISTS) {
    const value = spec[name]
    if (!isAbsent(value) && !(Array.isArray(value) && value.every(isObject)))
      return wrong(['spec', name], 'must be a list of mappings')
  }
  const containers = listOf(spec['containers'])
  const initContainers = listOf(spec['initContainers'])
  const volumes = listOf(spec['volumes'])
  if (containers.length + initContainers.length > MAX_CONTAINERS || volumes.length > MAX_VOLUMES) {
    const message = `has more than ${MAX_CONTAINERS} containers or ${MAX_VOLUMES} volumes`
    return { ok: false, tooLarge: true, path: ['spec'], message: `the pod ${message}` }
  }
  if (containers.length === 0) return wrong(['spec', 'containers'], 'a pod needs a container')
  const names = new Set<string>()
  for (const [list, items] of [
    ['initContainers', initContainers],
    ['containers', containers],
  ] as const)
    for (const [index, item] of items.entries()) {
      const path = ['spec', list, index]
      const { name } = item
      if (typeof name !== 'string' || name === '') return wrong([...path, 'name'], 'a container needs a name')
      if (names.has(name)) return wrong([...path, 'name'], `two containers are named ${quote(name)}`)
      names.add(name)
      for (const key of ['volumeMounts', 'env', 'ports'] as const) {
        const value = item[key]
        if (!isAbsent(value) && !(Array.isArray(value) && value.every(isObject)))
          return wrong([...path, key], 'must be a list of mappings')
      }
    }
  const annotations = at(template, ['metadata', 'annotations'])
  return {
    ok: true,
    pod: {
      template,
      spec,
      annotations: isObject(annotations) ? annotations : {},
      containers: containers as readonly NamedContainer[],
      initContainers: initContainers as readonly NamedContainer[],
      volumes,
    },
  }
}

const MAPPINGS: readonly Path[] = [
  ['metadata'],
  ['metadata', 'annotations'],
  ['metadata', 'labels'],
  ['spec', 'securityContext'],
]
const LISTS = ['containers', 'initContainers', 'volumes', 'imagePullSecrets'] as const

/** null is how YAML writes a key without a value, and to Kubernetes the same as no key. */
export function isAbsent(value: Json | undefined): value is null | undefined {
  return value === undefined || value === null
}

/** The mappings of a list; an absent one has none. */
export function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** For a message: what a manifest says is shown in one line of bounded length, never as it is. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text)
}

/** Names that people give sidecars, and injectors theirs: no part of the application. */
const SIDECAR_NAMES = new Set(KNOWN_SIDECARS.flatMap(({ containers }) => containers))

/**
 * The containers that are the application: those named, else all but known sidecars. First is the one that stood for it
 * `before` (others may have put theirs in front since), else the one that kubectl is told to take.
 */
export function applicationOf(
  pod: Pod,
  named: readonly string[],
  before: string | undefined,
): readonly NamedContainer[] {
  if (named.length > 0)
    return named.flatMap(name => pod.containers.filter(container => container.name === name))
  const own = pod.containers.filter(({ name }) => !SIDECAR_NAMES.has(name))
  const candidates = own.length === 0 ? pod.containers : own
  const isThere = (name: unknown): boolean => candidates.some(container => container.name === name)
  const marked = pod.annotations['kubectl.kubernetes.io/default-container']
  const preferred = isThere(before) ? before : marked
  return [
    ...candidates.filter(({ name }) => name === preferred),
    ...candidates.filter(({ name }) => name !== preferred),
  ]
}
