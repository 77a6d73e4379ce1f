import { at, isObject, type Json, type JsonObject, type Path, pointer } from '../../manifests/json.ts'
import { applyPatch, type PatchOperation } from '../../wire/json-patch/patch.ts'
import { fingerprint } from './fingerprint.ts'
import type { Added, Fingerprint, InjectedEntry, InjectionStatus } from './injection.ts'
import type { Place, PlacedContainer, Plan } from './plan.ts'
import { isAbsent } from './pod.ts'
import { keyOf, STATUS } from './removal.ts'

type List = 'initContainers' | 'containers'
const ANNOTATIONS: Path = ['metadata', 'annotations']

/** A patch under construction: the template as it is after the operations so far, and what was made for them. */
interface Draft {
  template: JsonObject
  readonly patch: PatchOperation[]
  readonly made: string[]
  readonly nulls: string[]
}

/** What was done, for the status. */
export type Account = Pick<InjectionStatus, 'entries' | 'made' | 'nulls'>

/**
 * The `add` operations that bring what of the plans is not `owned` (there already, and ours) into the template, from the
 * template on. They only add members, and items of lists: nothing that stands there is written again, but for the
 * status, which `status` makes of the account. No operations: all is there.
 */
export function additionsFor(
  template: JsonObject,
  plans: readonly Plan[],
  owned: ReadonlySet<string>,
  status: (account: Account) => string,
): Additions {
  const draft: Draft = { template, patch: [], made: [], nulls: [] }
  const entries = plans.map((plan): InjectedEntry => {
    const { name, version, hash } = plan.entry
    return { name, version, hash, added: addAll(draft, plan, plans, owned) }
  })
  if (draft.patch.length === 0) return draft
  openMembers(draft, ANNOTATIONS)
  const { made, nulls } = draft
  add(draft, [...ANNOTATIONS, STATUS], status({ entries, made, nulls }))
  return draft
}

/** The operations, and the template after them. */
export interface Additions {
  readonly patch: readonly PatchOperation[]
  readonly template: JsonObject
}

function addAll(draft: Draft, plan: Plan, plans: readonly Plan[], owned: ReadonlySet<string>): Added {
  const added: Readonly<Record<keyof Added, object>> = {
    initContainers: addContainers(draft, 'initContainers', plan, plans, owned),
    containers: addContainers(draft, 'containers', plan, plans, owned),
    volumeMounts: addToContainers(draft, 'volumeMounts', 'mountPath', plan.volumeMounts, owned),
    env: addToContainers(draft, 'env', 'name', plan.env, owned),
    volumes: addNamed(draft, 'volumes', plan.volumes, owned),
    imagePullSecrets: addNamed(draft, 'imagePullSecrets', plan.imagePullSecrets, owned),
    securityContext: addMembers(draft, ['spec', 'securityContext'], plan.securityContext, owned),
    labels: addMembers(draft, ['metadata', 'labels'], plan.labels, owned),
    annotations: addMembers(draft, ANNOTATIONS, plan.annotations, owned),
  }
  return Object.fromEntries(Object.entries(added).filter(([, value]) => Object.keys(value).length > 0))
}

function add(draft: Draft, path: Path, value: Json): void {
  const operation: PatchOperation = { op: 'add', path: pointer(path), value }
  draft.patch.push(operation)
  draft.template = applyPatch(draft.template, [operation]) as JsonObject
}

/** Adds to the end of a list, which is made if there is none. A null gives way to it, for that is no list either. */
function addItems(draft: Draft, path: Path, label: string, items: readonly Json[]): void {
  const value = at(draft.template, path)
  if (isAbsent(value)) {
    note(draft, value, label)
    add(draft, path, items)
  } else for (const item of items) add(draft, [...path, '-'], item)
}

function note(draft: Draft, before: null | undefined, label: string): void {
  if (before === null) draft.nulls.push(label)
  else draft.made.push(label)
}

function addContainers(
  draft: Draft,
  list: List,
  plan: Plan,
  plans: readonly Plan[],
  owned: ReadonlySet<string>,
): Record<string, Fingerprint> {
  const label = `spec.${list}`
  const missing = plan[list].filter(({ container }) => !owned.has(keyOf(label, container.name)))
  for (const { container, place } of missing) {
    const names = namesOf(at(draft.template, ['spec', list]))
    const index = indexFor(container.name, place, names, inOrder(plans, list, place))
    if (index === names.length) addItems(draft, ['spec', list], label, [container])
    else add(draft, ['spec', list, index], container)
  }
  return Object.fromEntries(missing.map(({ container }) => [container.name, fingerprint(container)]))
}

function inOrder(plans: readonly Plan[], list: List, place: Place): string[] {
  const ofPlace = (placed: PlacedContainer): boolean => placed.place === place
  return plans.flatMap(plan => plan[list].filter(ofPlace).map(({ container }) => container.name))
}

/** Behind the nearest one of ours that comes before; before the nearest that comes behind; else at the list's end or head. */
function indexFor(name: string, place: Place, names: readonly unknown[], ours: readonly string[]): number {
  const position = ours.indexOf(name)
  for (const before of ours.slice(0, position).reverse())
    if (names.includes(before)) return names.indexOf(before) + 1
  for (const behind of ours.slice(position + 1)) if (names.includes(behind)) return names.indexOf(behind)
  return place === 'first' ? 0 : names.length
}

function namesOf(list: Json | undefined): unknown[] {
  return Array.isArray(list) ? list.map(item => (isObject(item) ? item['name'] : undefined)) : []
}

function addToContainers(
  draft: Draft,
  kind: 'volumeMounts' | 'env',
  keyName: 'mountPath' | 'name',
  byContainer: ReadonlyMap<string, readonly JsonObject[]>,
  owned: ReadonlySet<string>,
): Record<string, readonly string[]> {
  const added: [string, string[]][] = []
  for (const [name, items] of byContainer) {
    const missing = items.filter(item => !owned.has(keyOf(kind, name, String(item[keyName]))))
    if (missing.length === 0) continue
    const index = namesOf(at(draft.template, ['spec', 'containers'])).indexOf(name)
    addItems(draft, ['spec', 'containers', index, kind], `${kind} of ${name}`, missing)
    added.push([name, missing.map(item => String(item[keyName]))])
  }
  return Object.fromEntries(added)
}

function addNamed(
  draft: Draft,
  list: 'volumes' | 'imagePullSecrets',
  items: readonly JsonObject[],
  owned: ReadonlySet<string>,
): string[] {
  const label = `spec.${list}`
  const missing = items.filter(({ name }) => !owned.has(keyOf(label, String(name))))
  if (missing.length > 0) addItems(draft, ['spec', list], label, missing)
  return missing.map(({ name }) => String(name))
}

function addMembers(
  draft: Draft,
  path: Path,
  members: ReadonlyMap<string, Json>,
  owned: ReadonlySet<string>,
): string[] {
  const missing = [...members].filter(([key]) => !owned.has(keyOf(path.join('.'), key)))
  if (missing.length > 0) openMembers(draft, path)
  for (const [key, value] of missing) add(draft, [...path, key], value)
  return missing.map(([key]) => key)
}

/** Makes the mapping, and the one that it is in, where there is none. */
function openMembers(draft: Draft, path: Path): void {
  for (const end of [1, 2]) {
    const upTo = path.slice(0, end)
    const value = at(draft.template, upTo)
    if (!isAbsent(value)) continue
    note(draft, value, upTo.join('.'))
    add(draft, upTo, {})
  }
}
