import type { RouteDocument } from './config.ts'
import type { FilterConfig } from './filters/config.ts'
import { clusterName, serviceUpstreams, type TargetRef } from './references.ts'

/** A backend, or the target of a mirror, that a document names. */
export interface Target {
  /** In the document. */
  readonly path: readonly (string | number)[]
  readonly ref: TargetRef
  /** What the reference means: the full name of an upstream. */
  readonly cluster: string
  /** The names under which that upstream may stand, the most exact one first. */
  readonly names: readonly string[]
}

interface Rule {
  readonly filters?: readonly FilterConfig[]
  readonly backendRefs: readonly (TargetRef & { readonly filters?: readonly FilterConfig[] })[]
}

/** All of them, but for Services without their port. `namespace` is that of documents that have none. */
export function targetsOf(document: RouteDocument, namespace: string): Target[] {
  const home = document.metadata.namespace ?? namespace
  const target = (ref: TargetRef, path: Target['path']): Target[] =>
    ref.kind === 'Service' && ref.port === undefined
      ? []
      : [{ path, ref, cluster: clusterName(ref, home), names: namesOf(ref, home, namespace) }]
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

/** The document with the names of upstreams in place of the Services that they stand for under a shorter name. */
export function withShortNames<D extends RouteDocument>(
  document: D,
  namespace: string,
  upstreams: Readonly<Record<string, unknown>>,
): D {
  const home = document.metadata.namespace ?? namespace
  const isShort = (ref: TargetRef) => upstreamOf(ref) !== clusterName(ref, home)
  const upstreamOf = (ref: TargetRef): string =>
    namesOf(ref, home, namespace).find(name => Object.hasOwn(upstreams, name)) ?? clusterName(ref, home)
  if (!targetsOf(document, namespace).some(({ ref }) => isShort(ref))) return document
  const target = <R extends TargetRef>(ref: R): R => {
    if (!isShort(ref)) return ref
    const { namespace: _, port: __, ...rest } = ref
    return { ...rest, kind: 'Cluster', name: upstreamOf(ref) } as R
  }
  const mirrors = (filters: readonly FilterConfig[]): FilterConfig[] =>
    filters.map(({ requestMirror, ...filter }) =>
      requestMirror === undefined
        ? filter
        : { ...filter, requestMirror: { ...requestMirror, backendRef: target(requestMirror.backendRef) } },
    )
  const rules: readonly Rule[] = document.spec.rules
  const named = rules.map(rule => ({
    ...rule,
    ...(rule.filters && { filters: mirrors(rule.filters) }),
    backendRefs: rule.backendRefs.map(ref => ({
      ...target(ref),
      ...(ref.filters && { filters: mirrors(ref.filters) }),
    })),
  }))
  return { ...document, spec: { ...document.spec, rules: named } }
}

function namesOf(ref: TargetRef, home: string, namespace: string): readonly string[] {
  if (ref.kind === 'Cluster' || ref.port === undefined) return [clusterName(ref, home)]
  return serviceUpstreams(ref.name, ref.namespace ?? home, ref.port, namespace)
}
