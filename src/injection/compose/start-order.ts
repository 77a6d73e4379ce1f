import { isObject, type Json, type JsonObject, type Path } from '../../manifests/json.ts'
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
  const services = servicesOf(document)
  return Object.keys(services).flatMap(name => {
    const { service } = effectiveService(document, name)
    const edge = (to: string, key: string): Edge => ({
      from: name,
      to,
      key,
      path: placeOf(services[name]!, ['services', name], key, to),
    })
    return edgesOf(service).map(([to, key]) => edge(to, key))
  })
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

/** The shortest way from `from` to `to` along the edges, undefined where there is none. A service reaches itself in no steps. */
export function wayBetween(edges: readonly Edge[], from: string, to: string): readonly Edge[] | undefined {
  if (from === to) return []
  const outgoing = Map.groupBy(edges, edge => edge.from)
  const reachedBy = new Map<string, Edge | undefined>([[from, undefined]])
  for (const [here] of reachedBy)
    for (const edge of outgoing.get(here) ?? []) {
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

/** Circles in the start order, each once and as short as can be: Compose refuses the file because of any. */
export function circles(edges: readonly Edge[]): (readonly Edge[])[] {
  const found: (readonly Edge[])[] = []
  const inOne = new Set<string>()
  for (const edge of edges) {
    if (inOne.has(edge.from) && inOne.has(edge.to)) continue
    const back = wayBetween(edges, edge.to, edge.from)
    if (back === undefined) continue
    const circle = [edge, ...back]
    for (const each of circle) inOne.add(each.from)
    found.push(circle)
  }
  return found
}
