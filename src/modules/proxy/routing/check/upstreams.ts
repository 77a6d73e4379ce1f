import type { Problem } from '../../../../kernel/config/problem.ts'
import { unknownUpstream } from '../../clusters/unknown-upstream.ts'
import type { RouteDocument } from '../config.ts'
import { type Target, targetsOf } from '../targets.ts'
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
    targetsOf(document, namespace).flatMap(target => {
      const { path, ref, cluster } = target
      if (target.names.some(name => Object.hasOwn(upstreams, name))) return []
      if (ref.kind === 'Cluster' || unlistedServices === 'refuse')
        return below([index, ...path], [unknown(target, names)])
      return DNS_NAME.test(cluster) ? [] : below([index, ...path], [notInDns(cluster)])
    }),
  )
}

const DNS_NAME = /^[\w.-]+:\d+$/

function notInDns(name: string): Problem {
  return problem(['name'], `expected the name of a Service that DNS can have, got "${name}"`)
}

function unknown({ cluster, ref, names }: Target, known: readonly string[]): Problem {
  const [full, ...short] = names.map(name => `"${name}"`)
  const { message, hint } = unknownUpstream(cluster, known, {
    alias: ref.name,
    as: short.length === 0 ? '' : `, as ${full}, ${short.join(' or ')}`,
    more: ref.kind === 'Service' ? '; in a cluster, unlistedServices: dns finds it by its DNS name' : '',
  })
  return problem(['name'], message, hint)
}

/** No Service may be meant by two upstreams. The paths are those of the upstreams, so that both places are told. */
export function checkTwins(
  documents: readonly RouteDocument[],
  { namespace, upstreams }: Pick<KnownUpstreams, 'namespace' | 'upstreams'>,
): Problem[] {
  const services = new Map(
    documents.flatMap(document =>
      targetsOf(document, namespace)
        .filter(({ ref }) => ref.kind === 'Service')
        .map(({ cluster, names }) => [cluster, names] as const),
    ),
  )
  return [...services].flatMap(([service, names]) => {
    const twins = names.filter(name => Object.hasOwn(upstreams, name))
    if (twins.length < 2) return []
    return twins.map(twin => {
      const others = twins.filter(other => other !== twin).map(other => `"${other}"`)
      return {
        path: ['upstreams', twin],
        at: 'key' as const,
        message: `stands for the Service ${service}, as ${others.join(' and ')} does`,
        hint: 'keep one of them, or give one another name, which routes use with kind: Cluster',
      }
    })
  })
}
