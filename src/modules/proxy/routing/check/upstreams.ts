import type { Problem } from '../../../../kernel/config/problem.ts'
import type { RouteDocument } from '../config.ts'
import { targetsOf } from '../targets.ts'
import { below, problem } from './problems.ts'

export interface KnownUpstreams {
  readonly namespace: string
  readonly upstreams: Readonly<Record<string, unknown>>
  /** What becomes of Services that are none of the upstreams. */
  readonly unlistedServices: 'refuse' | 'dns'
}

/** Every backend and every target of a mirror must be one of the upstreams. Paths begin with the number of the document. */
export function checkUpstreams(
  documents: readonly RouteDocument[],
  { namespace, upstreams, unlistedServices }: KnownUpstreams,
): Problem[] {
  const names = Object.keys(upstreams)
  return documents.flatMap((document, index) =>
    targetsOf(document, namespace).flatMap(({ path, ref, cluster }) => {
      if (Object.hasOwn(upstreams, cluster)) return []
      if (ref.kind === 'Cluster' || unlistedServices === 'refuse')
        return below([index, ...path], [unknown(cluster, ref.kind === 'Service', names)])
      return DNS_NAME.test(cluster) ? [] : below([index, ...path], [notInDns(cluster)])
    }),
  )
}

const DNS_NAME = /^[\w.-]+:\d+$/

function notInDns(name: string): Problem {
  return problem(['name'], `expected the name of a Service that DNS can have, got "${name}"`)
}

function unknown(name: string, isService: boolean, names: readonly string[]): Problem {
  const others = names.length > 0 && names.length <= 8 ? `, or name one of ${names.join(', ')}` : ''
  const byDns = isService ? '; in a cluster, unlistedServices: dns finds it by its DNS name' : ''
  return problem(['name'], `there is no upstream "${name}"`, `add it under proxy.upstreams${others}${byDns}`)
}
