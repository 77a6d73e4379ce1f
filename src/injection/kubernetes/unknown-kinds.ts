import type { Finding } from '../../manifests/finding.ts'
import { at, isObject, type Json, type Path } from '../../manifests/json.ts'
import type { Workload } from '../../manifests/workload.ts'
import { DOMAIN, finding } from './vocabulary.ts'

/** Where kinds of others keep what they make pods from: Rollout, DeploymentConfig, Knative Services, workflow steps. */
const TEMPLATES: readonly Path[] = [
  ['spec', 'template'],
  ['spec', 'podTemplate'],
  ['spec', 'jobTemplate', 'spec', 'template'],
]

/** Wishes in pod templates of kinds that are not known here, which pass as they are. */
export function unknownKinds(document: Json, known: readonly Workload[]): Finding[] {
  const items = at(document, ['items'])
  const objects: Path[] = Array.isArray(items) ? items.map((_, index) => ['items', index]) : [[]]
  const seen = new Set(known.map(({ object }) => object.join('/')))
  return objects.flatMap(object => {
    if (seen.has(object.join('/'))) return []
    const kind = at(document, [...object, 'kind'])
    return TEMPLATES.flatMap(template => {
      const path = [...object, ...template, 'metadata', 'annotations']
      const annotations = at(document, path)
      if (!isObject(annotations) || annotations[`${DOMAIN}inject`] === undefined) return []
      return [
        finding(
          'unknown-kind',
          'info',
          [...path, `${DOMAIN}inject`],
          `${typeof kind === 'string' ? kind.slice(0, 60) : 'this'} is no kind that is known here, and stays as it is`,
          'its pods get their sidecars from the admission webhook when they are made',
        ),
      ]
    })
  })
}
