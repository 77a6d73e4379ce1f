import type { Problem } from '../../../../kernel/config/problem.ts'
import type { RouteDocument } from '../config.ts'
import type { FilterConfig } from '../filters/config.ts'
import { clusterName, type TargetRef } from '../references.ts'
import { below, each, problem } from './problems.ts'

/** Every backend and every target of a mirror must be one of the upstreams. Paths begin with the number of the document. */
export function checkUpstreams(
  documents: readonly RouteDocument[],
  namespace: string,
  upstreams: Readonly<Record<string, unknown>>,
): Problem[] {
  const names = Object.keys(upstreams)
  return documents.flatMap((document, index) => {
    const home = document.metadata.namespace ?? namespace
    const known = (ref: TargetRef): Problem[] => {
      if (ref.kind === 'Service' && ref.port === undefined) return []
      const name = clusterName(ref, home)
      return Object.hasOwn(upstreams, name) ? [] : [unknown(name, names)]
    }
    const filters = (list: readonly FilterConfig[]): Problem[] =>
      each('filters', list, ({ requestMirror }) =>
        requestMirror ? below(['requestMirror', 'backendRef'], known(requestMirror.backendRef)) : [],
      )
    const rules: readonly Rule[] = document.spec.rules
    return below(
      [index, 'spec'],
      each('rules', rules, rule => [
        ...filters(rule.filters ?? []),
        ...each('backendRefs', rule.backendRefs, ref => [...known(ref), ...filters(ref.filters ?? [])]),
      ]),
    )
  })
}

interface Rule {
  readonly filters?: readonly FilterConfig[]
  readonly backendRefs: readonly (TargetRef & { readonly filters?: readonly FilterConfig[] })[]
}

function unknown(name: string, names: readonly string[]): Problem {
  const others = names.length > 0 && names.length <= 8 ? `, or name one of ${names.join(', ')}` : ''
  return problem(['name'], `there is no upstream "${name}"`, `add it under proxy.upstreams${others}`)
}
