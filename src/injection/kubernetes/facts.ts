import { at, type JsonObject } from '../../manifests/json.ts'
import type { Workload } from '../../manifests/workload.ts'
import type { Facts } from '../catalogue/catalogue.ts'
import type { InjectionContext } from './injection.ts'
import { listOf, type NamedContainer, textOf } from './pod.ts'

/** What entries may ask about the pod. */
export function factsOf(
  template: JsonObject,
  workload: Workload,
  application: readonly NamedContainer[],
  context: InjectionContext,
): Facts {
  const first = application[0]!
  const ports = portsOf(first)
  const all = application.flatMap(portsOf)
  return {
    app: {
      container: first.name,
      ...(ports[0] !== undefined && { port: ports[0] }),
      ports: [...new Set(all)],
    },
    workload: ownerOf(template, workload),
    namespace: context.namespace?.name ?? workload.namespace ?? 'default',
    target: 'kubernetes',
  }
}

function portsOf(container: NamedContainer): number[] {
  return listOf(container['ports']).flatMap(({ containerPort }) =>
    typeof containerPort === 'number' ? [containerPort] : [],
  )
}

/** What a pod was made from, so that it gets the same sidecar as its template would: web-5d4f6c8b9d-x2x → web. */
export function ownerOf(template: JsonObject, { kind, name }: Workload): Facts['workload'] {
  if (kind !== 'Pod') return { kind, name }
  const owner = listOf(at(template, ['metadata', 'ownerReferences'])).find(
    each => each['controller'] === true,
  )
  const ownerKind = textOf(owner?.['kind'])
  const ownerName = textOf(owner?.['name'])
  if (ownerKind === undefined || ownerName === undefined) return { kind, name: name.replace(/-$/, '') }
  const hash = textOf(at(template, ['metadata', 'labels', 'pod-template-hash']))
  if (ownerKind === 'ReplicaSet' && hash !== undefined && hash !== '' && ownerName.endsWith(`-${hash}`))
    return { kind: 'Deployment', name: ownerName.slice(0, -hash.length - 1) }
  return { kind: ownerKind, name: ownerName }
}
