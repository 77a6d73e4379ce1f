import { at, isObject, type Json, type JsonObject, type Path } from './json.ts'

/** A pod, or what makes pods, in a document: a document of kind List holds several. */
export interface Workload {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  /** To the object itself: [] but in a List. */
  readonly object: Path
  /** To what holds the pod's `metadata` and `spec`: the template, or the pod itself. */
  readonly template: Path
}

/** Where the pod template stands, in the kinds that we know: apiVersion group → kind → path. */
const TEMPLATES: Readonly<Record<string, Readonly<Record<string, Path>>>> = {
  '': { Pod: [], ReplicationController: ['spec', 'template'], PodTemplate: ['template'] },
  apps: {
    Deployment: ['spec', 'template'],
    StatefulSet: ['spec', 'template'],
    DaemonSet: ['spec', 'template'],
    ReplicaSet: ['spec', 'template'],
  },
  batch: { Job: ['spec', 'template'], CronJob: ['spec', 'jobTemplate', 'spec', 'template'] },
}

/** Lists in lists are nobody's manifests; this deep they are somebody's attack. */
const MAX_LIST_DEPTH = 8

/** All workloads of a document, in its order. What is no object of Kubernetes, or of a kind without pods, gives none. */
export function workloads(document: Json, object: Path = []): Workload[] {
  const value = at(document, object)
  if (!isObject(value)) return []
  const { kind, apiVersion } = value
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') return []
  const items = value['items']
  if (kind.endsWith('List') && Array.isArray(items) && object.length < MAX_LIST_DEPTH)
    return items.flatMap((_, index) => workloads(document, [...object, 'items', index]))
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  const kinds = Object.hasOwn(TEMPLATES, group) ? TEMPLATES[group] : undefined
  const inner = kinds !== undefined && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (inner === undefined || !isObject(at(value, [...inner, 'spec']))) return []
  const name = at(value, ['metadata', 'name']) ?? at(value, ['metadata', 'generateName'])
  const namespace = at(value, ['metadata', 'namespace'])
  return [
    {
      kind,
      name: typeof name === 'string' ? name : '',
      ...(typeof namespace === 'string' && { namespace }),
      object,
      template: [...object, ...inner],
    },
  ]
}

/** A container of a pod with where it stands, from the template on. */
export interface PodContainer {
  readonly name: string
  readonly container: JsonObject
  readonly path: Path
  /** app: of `containers`. sidecar: an init container that stays (restartPolicy Always). init: one that ends. */
  readonly role: 'app' | 'sidecar' | 'init'
}

/** Both lists, init containers first: a look at `containers` alone misses native sidecars. */
export function containersOf(template: Json | undefined): PodContainer[] {
  return (['initContainers', 'containers'] as const).flatMap(list => {
    const items = at(template, ['spec', list])
    if (!Array.isArray(items)) return []
    return items.flatMap((container: Json, index): PodContainer[] => {
      if (!isObject(container)) return []
      const name = container['name']
      const role =
        list === 'containers' ? 'app' : container['restartPolicy'] === 'Always' ? 'sidecar' : 'init'
      return [{ name: typeof name === 'string' ? name : '', container, path: ['spec', list, index], role }]
    })
  })
}
