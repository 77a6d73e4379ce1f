import { at, isObject, type Json, type JsonObject, type Path } from '../../manifests/json.ts'
import { dependenciesOf, effectiveService, listOf, servicesOf } from './project.ts'

/** `from` is started after `to`, and stopped before it. */
export interface Edge {
  readonly from: string
  readonly to: string
  /** What says so: `depends_on`, `network_mode`, `volumes_from`, … */
  readonly key: string
  /** To the place that says so. */
  readonly path: Path
}

const NAMESPACES = ['network_mode', 'ipc', 'pid', 'uts', 'cgroup']

/** What comes before what, by everything that Compose orders by: depends_on, links, shared namespaces and volumes_from. */
export function startOrder(document: Json): Edge[] {
  return Object.keys(servicesOf(document)).flatMap(name => edgesFrom(document, name))
}

/** All that one service waits for. */
export function edgesFrom(document: Json, name: string): Edge[] {
  const { service } = effectiveService(document, name)
  const written = at(document, ['services', name])
  return edgesOf(service).map(([to, key]) => ({
    from: name,
    to,
    key,
    path: placeOf(isObject(written) ? written : {}, ['services', name], key, to),
  }))
}

function edgesOf(service: JsonObject): [to: string, key: string][] {
  const edges: [string, string][] = []
  for (const to of dependenciesOf(service).keys()) edges.push([to, 'depends_on'])
  for (const key of NAMESPACES) {
    const to = ownerOf(service[key])
    if (to !== undefined) edges.push([to, key])
  }
  for (const item of listOf(service['volumes_from']))
    if (typeof item === 'string' && !item.startsWith('container:')) edges.push([head(item), 'volumes_from'])
  for (const item of listOf(service['links'])) if (typeof item === 'string') edges.push([head(item), 'links'])
  return edges
}

/** The service that `service:NAME` names, as a mode of a namespace. */
export function ownerOf(mode: Json | undefined): string | undefined {
  return typeof mode === 'string' && mode.startsWith('service:') ? mode.slice(8) : undefined
}

function head(text: string): string {
  const colon = text.indexOf(':')
  return colon < 0 ? text : text.slice(0, colon)
}

function placeOf(service: JsonObject, path: Path, key: string, to: string): Path {
  const value = service[key]
  if (value === undefined) return path
  if (isObject(value) && Object.hasOwn(value, to)) return [...path, key, to]
  const index = Array.isArray(value) ? value.findIndex(item => head(String(item)) === to) : -1
  return index < 0 ? [...path, key] : [...path, key, index]
}

/** The shortest way from `from` to `to`, undefined where there is none. A service reaches itself in no steps. */
export function wayBetween(
  edgesOf: (service: string) => readonly Edge[],
  from: string,
  to: string,
): readonly Edge[] | undefined {
  if (from === to) return []
  const reachedBy = new Map<string, Edge | undefined>([[from, undefined]])
  for (const [here] of reachedBy)
    for (const edge of edgesOf(here)) {
      if (reachedBy.has(edge.to)) continue
      reachedBy.set(edge.to, edge)
      if (edge.to === to) return wayBack(reachedBy, to)
    }
  return undefined
}

function wayBack(reachedBy: ReadonlyMap<string, Edge | undefined>, to: string): Edge[] {
  const way: Edge[] = []
  for (let edge = reachedBy.get(to); edge !== undefined; edge = reachedBy.get(edge.from)) way.unshift(edge)
  return way
}

/**
 * Circles in the start order, one for all services that reach each other, and as short as can be from its first service:
 * Compose refuses the file because of any.
 */
export function circles(edges: readonly Edge[]): (readonly Edge[])[] {
  const outgoing = Map.groupBy(edges, edge => edge.from)
  const group = groupsOf(outgoing)
  const inGroup = (name: string) =>
    (outgoing.get(name) ?? []).filter(({ to }) => group.get(to) === group.get(name))
  const told = new Set<number>()
  return [...outgoing.keys()].flatMap(name => {
    if (told.has(group.get(name)!)) return []
    const ways = inGroup(name).flatMap(edge => {
      const back = wayBetween(inGroup, edge.to, name)
      return back === undefined ? [] : [[edge, ...back]]
    })
    if (ways.length === 0) return []
    told.add(group.get(name)!)
    return [ways.reduce((best, way) => (way.length < best.length ? way : best))]
  })
}

/**
 * A number for each service, the same for those that reach each other (strongly connected components, by Kosaraju's two
 * walks: linear, and without recursion, since the file may be anybody's).
 */
function groupsOf(outgoing: ReadonlyMap<string, readonly Edge[]>): ReadonlyMap<string, number> {
  const incoming = new Map<string, string[]>()
  for (const { from, to } of [...outgoing.values()].flat()) {
    const list = incoming.get(to)
    if (list === undefined) incoming.set(to, [from])
    else list.push(from)
  }
  const ended: string[] = []
  const seen = new Set<string>()
  for (const start of outgoing.keys())
    walk(
      start,
      seen,
      name => (outgoing.get(name) ?? []).map(({ to }) => to),
      name => ended.push(name),
    )
  const group = new Map<string, number>()
  const grouped = new Set<string>()
  for (const [number, start] of ended.toReversed().entries())
    walk(
      start,
      grouped,
      name => incoming.get(name) ?? [],
      name => group.set(name, number),
    )
  return group
}

/** Depth first; `leave` is told of each service once all behind it has been left. */
function walk(
  start: string,
  seen: Set<string>,
  next: (name: string) => readonly string[],
  leave: (name: string) => void,
): void {
  if (seen.has(start)) return
  seen.add(start)
  const open = [{ name: start, left: next(start).values() }]
  while (open.length > 0) {
    const { name, left } = open.at(-1)!
    const { value, done } = left.next()
    if (done === true) {
      leave(name)
      open.pop()
    } else if (!seen.has(value)) {
      seen.add(value)
      open.push({ name: value, left: next(value).values() })
    }
  }
}
