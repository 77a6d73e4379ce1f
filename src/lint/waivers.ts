import { at, isObject, type JsonObject, type Path } from '../manifests/json.ts'
import type { Workload } from '../manifests/workload.ts'

const PREFIX = 'outrigger.dev/lint-ignore.'

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

/** Of a service: its annotations, and its labels in both forms. */
export function serviceWaivers(document: JsonObject, service: string): Waiver[] {
  const path = ['services', service]
  const labels = at(document, [...path, 'labels'])
  if (!Array.isArray(labels))
    return ['labels', 'annotations'].flatMap(key => waiversAt(document, [...path, key]))
  return labels.flatMap((label, index) => {
    const [key = '', ...value] = typeof label === 'string' ? label.split('=') : []
    return waiver(key, value.join('='), [...path, 'labels', index])
  })
}

function waiversAt(document: JsonObject, path: Path): Waiver[] {
  const annotations = at(document, path)
  if (!isObject(annotations)) return []
  return Object.entries(annotations).flatMap(([key, reason]) => waiver(key, reason, [...path, key]))
}

function waiver(key: string, reason: unknown, path: Path): Waiver[] {
  if (!key.startsWith(PREFIX)) return []
  return [{ check: key.slice(PREFIX.length), reason: typeof reason === 'string' ? reason.trim() : '', path }]
}
