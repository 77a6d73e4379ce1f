import type { ClusterPool } from '../clusters/cluster-pool.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import { namesOf, ruleTo } from '../routing/implicit.ts'
import type { Rule } from '../routing/route.ts'
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

/** The rule that such a connection goes by; undefined when nothing tells where it is to go. */
export type ConnectionRules = (meant: Meant, serverName?: string) => Rule | undefined

type RoutedConfig = Pick<ListenerConfig, 'routed'>
type Proxy = Pick<ProxyConfig, 'routes' | 'namespace' | 'clusterDomain' | 'upstreams'>

const HTTPS_PORT = 443

export function connectionRoutes(
  config: RoutedConfig,
  proxy: Proxy,
  port: number,
  clusters: Pick<ClusterPool, 'get'>,
): ConnectionRoutes {
  const rules = connectionRules(config, proxy, port)
  return (meant, serverName) => {
    const rule = rules(meant, serverName)
    const backend = rule && chooseBackend(rule, Math.random())
    return backend && clusters.get(backend.cluster)
  }
}

/**
 * By the TLSRoutes and TCPRoutes, else the upstream that is called like the name that the client of TLS asks for, or
 * like the place.
 */
export function connectionRules(config: RoutedConfig, proxy: Proxy, port: number): ConnectionRules {
  const scope = scopeOf(config, proxy, port)
  const table = proxy.routes.length === 0 ? undefined : buildRouteTable(proxy.routes, scope).table
  const names = config.routed?.unrouted !== 'refuse'
  // TLS that its client has begun goes within that of two sidecars, but to no upstream that is itself a server of TLS.
  const takesIt = (name: string, serverName: string | undefined) =>
    Object.hasOwn(proxy.upstreams, name) &&
    (serverName === undefined || proxy.upstreams[name]!.tls?.mode !== 'simple')
  return ({ host, port }, serverName) => {
    const rule = table?.findConnection({ host, port, ...(serverName !== undefined && { serverName }) })
    if (rule !== undefined) return rule
    const asked = serverName ?? host
    const candidates = names && asked !== '' ? namesOf(asked, port, scope) : []
    const named = candidates.find(name => takesIt(name, serverName))
    return named === undefined ? undefined : ruleTo(named, `implicit/${named}`, {})
  }
}

/** What a connection to a listener with routes is meant for. Without a Gateway the name is that of a service, and not of this listener. */
export function meantFor(
  { routed }: RoutedConfig,
  listenerPort: number,
  serverName: string | undefined,
): Meant {
  return serverName === undefined || routed?.gateway !== undefined
    ? { host: '', port: listenerPort }
    : { host: serverName, port: HTTPS_PORT }
}
