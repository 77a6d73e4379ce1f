import { type Document, isNode } from 'yaml'
import { isObject, type Json, type Path } from '../../manifests/json.ts'

/**
 * The tags of Compose that say how a file is merged into another one: `!reset` takes a value away whatever stands behind
 * it, `!override` puts it in the place of the other. Values alone do not show them.
 */
export interface Tagged {
  readonly path: Path
  readonly tag: '!reset' | '!override'
}

/** Where such tags stand at what injection adds to: services and their keys, and the top level. */
export function tagsOf(yaml: Document, value: Json): Tagged[] {
  const services = isObject(value) && isObject(value['services']) ? value['services'] : {}
  const paths: Path[] = [
    ...['services', 'volumes', 'configs'].map(kind => [kind]),
    ...Object.keys(services).map(name => ['services', name]),
    ...Object.entries(services).flatMap(([name, service]) =>
      isObject(service) ? Object.keys(service).map(key => ['services', name, key]) : [],
    ),
  ]
  return paths.flatMap(path => {
    const node = yaml.getIn(path, true)
    const tag = isNode(node) ? node.tag : undefined
    return tag === '!reset' || tag === '!override' ? [{ path, tag }] : []
  })
}
