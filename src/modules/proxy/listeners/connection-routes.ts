import type { ClusterPool } from '../clusters/cluster-pool.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import { namesOf } from '../routing/implicit.ts'
import { buildRouteTable } from '../routing/table.ts'
import { chooseBackend } from '../routing/weights.ts'
import { scopeOf } from './decisions.ts'

/** Where a connection was meant to go; without a host where only its port is known. */
export interface Meant {
  readonly host: string
  readonly port: number
}

/** The upstream of a connection whose content is not looked at; undefined when nothing names one. */
export type ConnectionRoutes = (meant: Meant, serverName?: string) => RunningCluster | undefined

/**
 * By the TLSRoutes and TCPRoutes, else the upstream that is called like the name that the client of TLS asks for, or
 * like the place.
 */
export function connectionRoutes(
  config: Pick<ListenerConfig, 'routed'>,
  proxy: Pick<ProxyConfig, 'routes' | 'namespace' | 'clusterDomain' | 'upstreams'>,
  port: number,
  clusters: Pick<ClusterPool, 'get'>,
): ConnectionRoutes {
  const scope = scopeOf(config, proxy, port)
  const table = proxy.routes.length === 0 ? undefined : buildRouteTable(proxy.routes, scope).table
  const names = config.routed?.unrouted !== 'refuse'
  // TLS that its client has begun goes within that of two sidecars, but to no upstream that is itself a server of TLS.
  const takesIt = (name: string, serverName: string | undefined) =>
    Object.hasOwn(proxy.upstreams, name) &&
    (serverName === undefined || proxy.upstreams[name]!.tls?.mode !== 'simple')
  return ({ host, port }, serverName) => {
    const rule = table?.findConnection({ host, port, ...(serverName !== undefined && { serverName }) })
    const backend = rule && chooseBackend(rule, Math.random())
    if (backend !== undefined) return clusters.get(backend.cluster)
    const asked = serverName ?? host
    const candidates = names && asked !== '' ? namesOf(asked, port, scope) : []
    const named = candidates.find(name => takesIt(name, serverName))
    return named === undefined ? undefined : clusters.get(named)
  }
}
