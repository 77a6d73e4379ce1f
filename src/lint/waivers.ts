import { at, isObject, type JsonObject, type Path } from '../manifests/json.ts'
import type { Workload } from '../manifests/workload.ts'

const PREFIX = 'outrigger.dev/lint-ignore.'
const EXTENSION = 'x-outrigger'

/** Somebody has decided to live with what a check finds, and says why. */
export interface Waiver {
  readonly check: string
  readonly reason: string
  /** Of the annotation. */
  readonly path: Path
}

/** Of a workload: annotations of the object itself and of its pod template. */
export function podWaivers(document: JsonObject, { object, template }: Workload): Waiver[] {
  const paths = [object, ...(template.length === object.length ? [] : [template])]
  return paths.flatMap(path => waiversAt(document, [...path, 'metadata', 'annotations']))
}

/** Of a service: labels and annotations in both forms, and `x-outrigger`. */
export function serviceWaivers(document: JsonObject, service: string): Waiver[] {
  const path = ['services', service]
  return [
    ...['labels', 'annotations'].flatMap(key => pairWaivers(document, [...path, key])),
    ...waiversAt(document, [...path, EXTENSION]),
  ]
}

/** Of a whole file of Compose, for all its services. */
export function projectWaivers(document: JsonObject): Waiver[] {
  return waiversAt(document, [EXTENSION])
}

function pairWaivers(document: JsonObject, path: Path): Waiver[] {
  const pairs = at(document, path)
  if (!Array.isArray(pairs)) return waiversAt(document, path)
  return pairs.flatMap((pair, index) => {
    const [key = '', ...value] = typeof pair === 'string' ? pair.split('=') : []
    return waiver(key, value.join('='), [...path, index])
  })
}

function waiversAt(document: JsonObject, path: Path): Waiver[] {
  const annotations = at(document, path)
  if (!isObject(annotations)) return []
  const domain = path.at(-1) === EXTENSION ? 'outrigger.dev/' : ''
  return Object.entries(annotations).flatMap(([key, reason]) =>
    waiver(key.startsWith(domain) ? key : domain + key, reason, [...path, key]),
  )
}

function waiver(key: string, reason: unknown, path: Path): Waiver[] {
  if (!key.startsWith(PREFIX)) return []
  return [{ check: key.slice(PREFIX.length), reason: typeof reason === 'string' ? reason.trim() : '', path }]
}
