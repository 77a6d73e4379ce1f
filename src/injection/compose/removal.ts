import { at, isObject, type Json, type JsonObject, type Path, pointer } from '../../manifests/json.ts'
import { applyPatch, equal } from '../../wire/json-patch/patch.ts'
import { mountsOf } from './mounts.ts'
import { listOf, portsOf } from './project.ts'
import { type Change, type ComposeStatus, type ServiceStatus, STATUS_KEY } from './status.ts'

/**
 * The file without what the status tells of, or of that only what these services got: value for value as it was before,
 * whoever rewrote the file since. The status of others stays.
 */
export function withoutAdded(
  document: JsonObject,
  status: ComposeStatus,
  only: (service: string) => boolean = () => true,
): JsonObject {
  const [gone, staying] = [true, false].map(wanted =>
    Object.entries(status.services).filter(([name]) => only(name) === wanted),
  ) as [[string, ServiceStatus][], [string, ServiceStatus][]]
  const services: Record<string, Json> = { ...(document['services'] as JsonObject) }
  const volumes = new Set(gone.flatMap(([, each]) => each.volumes ?? []))
  for (const [, { changes }] of gone.toReversed())
    for (const [name, change] of Object.entries(changes ?? {}).toReversed()) {
      const service = Object.hasOwn(services, name) ? services[name] : undefined
      if (isObject(service)) services[name] = undo(service, change, volumes)
    }
  const result: Record<string, Json> = { ...document, services }
  for (const kind of ['services', 'volumes', 'configs'] as const) {
    const names = new Set(gone.flatMap(([, each]) => each[kind] ?? []))
    if (isObject(result[kind])) result[kind] = without(result[kind], names)
  }
  return withStatus(result, status, Object.fromEntries(staying))
}

/** What was made for our sake goes when nothing is left in it, or has no value again; else the status goes on to tell it. */
function withStatus(
  document: JsonObject,
  { made = [], nulls = [] }: ComposeStatus,
  services: Readonly<Record<string, ServiceStatus>>,
): JsonObject {
  let result: JsonObject = document
  const left = (paths: readonly string[], restore: (path: Path) => Json): string[] =>
    paths.filter(text => {
      const path = text.split('/')
      const value = at(result, path)
      if (value !== undefined && !isEmpty(value)) return true
      if (value !== undefined) result = restore(path) as JsonObject
      return false
    })
  const stillMade = left(made, path => applyPatch(result, [{ op: 'remove', path: pointer(path) }]) as Json)
  const stillNull = left(
    nulls,
    path => applyPatch(result, [{ op: 'replace', path: pointer(path), value: null }]) as Json,
  )
  const { [STATUS_KEY]: _, ...rest } = result
  if (Object.keys(services).length === 0) return rest
  const next = {
    v: 1,
    ...(stillMade.length > 0 && { made: stillMade }),
    ...(stillNull.length > 0 && { nulls: stillNull }),
    services,
  } as unknown as Json
  return { ...result, [STATUS_KEY]: next }
}

function isEmpty(value: Json): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0)
}

/** `volumes` are the names of ours: what is mounted elsewhere from another source is the user's. */
function undo(service: JsonObject, change: Change, volumes: ReadonlySet<string>): JsonObject {
  const next: Record<string, Json> = { ...service }
  if (change.mounts !== undefined) next['volumes'] = unmount(service, change.mounts, volumes)
  if (change.environment !== undefined)
    next['environment'] = unset(service['environment'], change.environment)
  if (change.ports !== undefined) next['ports'] = unpublish(service['ports'], change.ports)
  if (change.dependsOn !== undefined) next['depends_on'] = undepend(service, change)
  for (const key of Object.keys(next)) if (!Object.hasOwn(service, key)) delete next[key]
  return restoreNetwork(next, change)
}

function unmount(service: JsonObject, targets: readonly string[], volumes: ReadonlySet<string>): Json {
  const ours = mountsOf({ volumes: service['volumes'] ?? [] }).filter(
    ({ target, source }) => targets.includes(target) && source !== undefined && volumes.has(source),
  )
  return listOf(service['volumes']).filter(item => !ours.some(({ value }) => value === item))
}

function unset(environment: Json | undefined, names: readonly string[]): Json {
  if (Array.isArray(environment)) {
    const nameOf = (item: Json) => String(item).split('=', 1)[0]!
    return (environment as readonly Json[]).filter(item => !names.includes(nameOf(item)))
  }
  return without(environment, new Set(names))
}

/** As it was written, or rewritten in the long form with the same port of the container. */
function unpublish(ports: Json | undefined, ours: readonly Json[]): Json {
  const left = [...listOf(ports)]
  for (const port of ours) {
    const target = portsOf({ ports: [port] })[0]
    const exact = left.findLastIndex(item => equal(item, port))
    const index = exact >= 0 ? exact : left.findLastIndex(item => isObject(item) && item['target'] === target)
    if (index >= 0) left.splice(index, 1)
  }
  return left
}

function undepend(service: JsonObject, { dependsOn = [], dependsOnList, holder }: Change): Json {
  const value = service['depends_on']
  // `docker compose config` writes down that who shares a network waits for its holder.
  const ours = new Set([...dependsOn, ...(holder === undefined ? [] : [holder])])
  if (!isObject(value)) return listOf(value).filter(name => !ours.has(String(name)))
  const left = without(value, ours) as JsonObject
  const unchanged =
    dependsOnList !== undefined &&
    Object.keys(left).length === new Set(dependsOnList).size &&
    dependsOnList.every(name => isStarted(left[name]))
  return unchanged ? dependsOnList : left
}

/** The long form of what the short form says; `docker compose config` adds `required`. */
function isStarted(how: Json | undefined): boolean {
  return (
    equal(how, { condition: 'service_started' }) ||
    equal(how, { condition: 'service_started', required: true })
  )
}

function restoreNetwork(service: JsonObject, { moved, holder }: Change): JsonObject {
  if (moved === undefined || holder === undefined) return service
  if (service['network_mode'] !== `service:${holder}`) return service
  const { network_mode: _, ...rest } = service
  return { ...rest, ...moved }
}

function without(mapping: Json | undefined, names: ReadonlySet<string>): Json {
  if (!isObject(mapping)) return null
  return Object.fromEntries(Object.entries(mapping).filter(([key]) => !names.has(key)))
}
