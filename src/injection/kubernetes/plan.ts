import type { JsonObject } from '../../manifests/json.ts'
import type { Entry } from '../catalogue/entry.ts'
import { listOf, type NamedContainer, type Pod } from './pod.ts'

/** All that a pod is to get of one entry, worked out on the pod as it is without it. */
export interface Plan {
  readonly entry: Entry
  readonly initContainers: PlacedContainer[]
  readonly containers: PlacedContainer[]
  readonly volumes: JsonObject[]
  /** By application container. */
  readonly volumeMounts: Map<string, JsonObject[]>
  readonly env: Map<string, JsonObject[]>
  readonly annotations: Map<string, string>
  readonly labels: Map<string, string>
  readonly imagePullSecrets: JsonObject[]
  readonly securityContext: Map<string, number>
}

export interface PlacedContainer {
  readonly container: NamedContainer
  /** Before the pod's own containers of that list, or after them. */
  readonly place: Place
}
export type Place = 'first' | 'last'

export function emptyPlan(entry: Entry): Plan {
  return {
    entry,
    initContainers: [],
    containers: [],
    volumes: [],
    volumeMounts: new Map(),
    env: new Map(),
    annotations: new Map(),
    labels: new Map(),
    imagePullSecrets: [],
    securityContext: new Map(),
  }
}

export function push<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [item])
  else list.push(item)
}

/** The pod as it is without what is planned, and who of it is the application. */
export interface Site {
  readonly pod: Pod
  readonly application: readonly NamedContainer[]
  /** Those of the entries before, and the one that is being made. */
  readonly plans: readonly Plan[]
  readonly plan: Plan
}

/** What the pod has of a kind and what it is to get of it, over all plans. */
export function volumesOf({ pod, plans }: Site): JsonObject[] {
  return [...pod.volumes, ...plans.flatMap(plan => plan.volumes)]
}

export function mountsOf(container: NamedContainer, { plans }: Site): JsonObject[] {
  const planned = plans.flatMap(plan => plan.volumeMounts.get(container.name) ?? [])
  return [...listOf(container['volumeMounts']), ...planned]
}

export function variablesOf(container: NamedContainer, { plans }: Site): JsonObject[] {
  return [...listOf(container['env']), ...plans.flatMap(plan => plan.env.get(container.name) ?? [])]
}

/** `wanted`, or the first of wanted-outrigger, wanted-outrigger-2, … that no volume has. */
export function freeVolumeName(wanted: string, site: Site): string {
  const taken = new Set(volumesOf(site).map(volume => volume['name']))
  let name = wanted
  for (let n = 1; taken.has(name); n++) name = `${wanted.slice(0, 48)}-outrigger${n === 1 ? '' : `-${n}`}`
  return name
}
