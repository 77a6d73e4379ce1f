import type { RouteDocument } from './config.ts'
import type { FilterConfig } from './filters/config.ts'
import { clusterName, type TargetRef } from './references.ts'

/** A backend, or the target of a mirror, that a document names. */
export interface Target {
  /** In the document. */
  readonly path: readonly (string | number)[]
  readonly ref: TargetRef
  /** What the reference means: the name of an upstream. */
  readonly cluster: string
}

interface Rule {
  readonly filters?: readonly FilterConfig[]
  readonly backendRefs: readonly (TargetRef & { readonly filters?: readonly FilterConfig[] })[]
}

/** All of them, but for Services without their port. `namespace` is that of documents that have none. */
export function targetsOf(document: RouteDocument, namespace: string): Target[] {
  const home = document.metadata.namespace ?? namespace
  const target = (ref: TargetRef, path: Target['path']): Target[] =>
    ref.kind === 'Service' && ref.port === undefined ? [] : [{ path, ref, cluster: clusterName(ref, home) }]
  const mirrors = (filters: readonly FilterConfig[] = [], path: Target['path']): Target[] =>
    filters.flatMap(({ requestMirror }, at) =>
      requestMirror === undefined
        ? []
        : target(requestMirror.backendRef, [...path, 'filters', at, 'requestMirror', 'backendRef']),
    )
  const rules: readonly Rule[] = document.spec.rules
  return rules.flatMap(({ filters, backendRefs }, at) => {
    const path = ['spec', 'rules', at]
    const backends = backendRefs.flatMap((ref, at) => {
      const place = [...path, 'backendRefs', at]
      return [...target(ref, place), ...mirrors(ref.filters, place)]
    })
    return [...mirrors(filters, path), ...backends]
  })
}
