import { at, isObject, type Json, type JsonObject, type Path } from '../../manifests/json.ts'

/** How far `extends` is followed within a file. */
const MAX_EXTENDS = 20

/** The services of a Compose file as they are written; what is no mapping is left out. */
export function servicesOf(document: Json): Readonly<Record<string, JsonObject>> {
  const services = at(document, ['services'])
  if (!isObject(services)) return {}
  return Object.fromEntries(
    Object.entries(services).filter((each): each is [string, JsonObject] => isObject(each[1])),
  )
}

export interface EffectiveService {
  /** With what it takes from services of the same file; lists of both stand one after the other. */
  readonly service: JsonObject
  /** It also takes from another file, or from a service that is not here: that part cannot be seen. */
  readonly unseen: boolean
}

/** A service as Compose sees it once `extends` is followed, for reading: never to be written back. */
export function effectiveService(document: Json, name: string): EffectiveService {
  let service = serviceNamed(document, name) ?? {}
  let base = service['extends']
  const seen = new Set([name])
  while (base !== undefined && base !== null && seen.size <= MAX_EXTENDS) {
    const from = isObject(base) ? base['service'] : base
    const elsewhere = isObject(base) && base['file'] !== undefined
    const parent = typeof from === 'string' ? serviceNamed(document, from) : undefined
    if (elsewhere || parent === undefined || seen.has(from as string)) return { service, unseen: true }
    seen.add(from as string)
    service = merge(parent, service)
    base = parent['extends']
  }
  return { service, unseen: false }
}

function serviceNamed(document: Json, name: string): JsonObject | undefined {
  const service = at(document, ['services', name])
  return isObject(service) ? service : undefined
}

/** Of these keys Compose joins the lists, or the mappings, of both; of others the nearer one counts. */
const JOINED = [
  'volumes',
  'volumes_from',
  'ports',
  'expose',
  'links',
  'tmpfs',
  'labels',
  'annotations',
  'environment',
  'depends_on',
  'networks',
]

function merge(base: JsonObject, own: JsonObject): JsonObject {
  const joined: Record<string, Json> = { ...base, ...own }
  for (const key of JOINED) {
    const [far, near] = [base[key], own[key]]
    if (far === undefined || far === null || near === undefined || near === null) continue
    if (isObject(far) && isObject(near)) joined[key] = { ...far, ...near }
    else if (key === 'depends_on' || key === 'networks') joined[key] = { ...mapped(far), ...mapped(near) }
    else if (isObject(far) || isObject(near)) joined[key] = { ...pairsOf(far), ...pairsOf(near) }
    else joined[key] = [...listOf(far), ...listOf(near)]
  }
  return joined
}

/** A list, or a single value as a list of one. */
export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value as Json]
}

function mapped(value: Json): JsonObject {
  if (isObject(value)) return value
  const names = listOf(value).filter(name => typeof name === 'string')
  return Object.fromEntries(names.map(name => [name, { condition: 'service_started' }]))
}

/** Labels, annotations, environment: a mapping, or a list of `NAME=value`. A name without value has null. */
export function pairsOf(value: Json | undefined): Readonly<Record<string, Json>> {
  if (isObject(value)) return value
  const pairs = listOf(value).filter(item => typeof item === 'string')
  return Object.fromEntries(
    pairs.map(pair => {
      const equals = pair.indexOf('=')
      return equals < 0 ? [pair, null] : [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}

/** Where a label or the like stands, in either form. */
export function pathOfPair(value: Json | undefined, path: Path, name: string): Path {
  if (!Array.isArray(value)) return [...path, name]
  const index = value.findIndex(item => item === name || String(item).startsWith(`${name}=`))
  return index < 0 ? path : [...path, index]
}

/** What `depends_on` names, in either form, with the condition. */
export function dependenciesOf(service: JsonObject): ReadonlyMap<string, string> {
  const value = service['depends_on']
  if (isObject(value))
    return new Map(
      Object.entries(value).map(([name, how]) => {
        const condition = isObject(how) ? how['condition'] : undefined
        return [name, typeof condition === 'string' ? condition : 'service_started']
      }),
    )
  const names = listOf(value).filter(name => typeof name === 'string')
  return new Map(names.map(name => [name, 'service_started']))
}

/** A text in which Compose would put a variable in: `${NAME}` or `$NAME`, where `$$` is a plain dollar. */
export function hasVariable(text: string): boolean {
  return text.replaceAll('$$', '').includes('$')
}

/** What Compose makes of `$$` in a text without variables. */
export function plain(text: string): string {
  return text.replaceAll('$$', '$')
}

/** So written that Compose gives back the value as it is, with no variable put in. Keys are not interpolated. */
export function escapeDollars(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$')
  if (Array.isArray(value)) return value.map(escapeDollars)
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escapeDollars(item)]))
  return value
}

/** The ports that a service listens on, as far as it tells by `ports` and `expose`, each once. */
export function portsOf(service: JsonObject): readonly number[] {
  const ports = [...listOf(service['ports']), ...listOf(service['expose'])].flatMap(portOf)
  return [...new Set(ports)]
}

/** Of `8080:80/tcp`, `127.0.0.1:8001:8001`, `3000-3005` (the first), 80 or a mapping: the port in the container. */
function portOf(value: Json): number[] {
  const target = isObject(value) ? value['target'] : value
  const text = String(target).replace(/\/\w+$/, '')
  const port = Number(/(?:^|:)(\d+)(?:-\d+)?$/.exec(text)?.[1])
  return port >= 1 && port <= 65_535 ? [port] : []
}

export function replicasOf(service: JsonObject): number {
  const value = service['scale'] ?? at(service, ['deploy', 'replicas'])
  const replicas = typeof value === 'string' || typeof value === 'number' ? Number(value) : 1
  return Number.isInteger(replicas) && replicas >= 0 ? replicas : 1
}
