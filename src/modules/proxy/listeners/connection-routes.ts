import type { ClusterPool } from '../clusters/cluster-pool.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import { namesOf, ruleTo } from '../routing/implicit.ts'
import type { Rule } from '../routing/route.ts'
import { buildRouteTable } from '../routing/table.ts'
import { chooseBackend } from '../routing/weights.ts'
import { scopeOf } from './decisions.ts'

/** What a connection is meant for. */
export interface Meant {
  /** Services and other names that it may be for, the surest first; none where only its port is known. */
  readonly names: readonly string[]
  readonly port: number
}

/** Routes are attached to what it is meant for, and none of them takes it. */
export const REFUSED = 'refused'

/** The upstream of a connection whose content is not looked at; undefined when nothing names one. */
export type ConnectionRoutes = (
  meant: Meant,
  serverName?: string,
) => RunningCluster | typeof REFUSED | undefined

/** The rule that such a connection goes by; undefined when nothing tells where it is to go. */
export type ConnectionRules = (meant: Meant, serverName?: string) => Rule | typeof REFUSED | undefined

type RoutedConfig = Pick<ListenerConfig, 'routed'>
type Proxy = Pick<ProxyConfig, 'routes' | 'namespace' | 'clusterDomain' | 'upstreams'>

const HTTPS_PORT = 443
/** For a listener's own routes no name is needed. */
const NOBODY = ['']

export function connectionRoutes(
  config: RoutedConfig,
  proxy: Proxy,
  port: number,
  clusters: Pick<ClusterPool, 'get'>,
): ConnectionRoutes {
  const rules = connectionRules(config, proxy, port)
  return (meant, serverName) => {
    const rule = rules(meant, serverName)
    if (rule === undefined || rule === REFUSED) return rule
    const backend = chooseBackend(rule, Math.random())
    return backend === undefined ? REFUSED : (clusters.get(backend.cluster) ?? REFUSED)
  }
}

/**
 * By the TLSRoutes and TCPRoutes of the first of its names that has any, else the upstream that is called like the name
 * that the client of TLS asks for, or like another of its names.
 */
export function connectionRules(config: RoutedConfig, proxy: Proxy, port: number): ConnectionRules {
  const scope = scopeOf(config, proxy, port)
  const table = proxy.routes.length === 0 ? undefined : buildRouteTable(proxy.routes, scope).table
  const names = config.routed?.unrouted !== 'refuse'
  // TLS that its client has begun goes within that of two sidecars, but to no upstream that is itself a server of TLS.
  const takesIt = (name: string, serverName: string | undefined) =>
    Object.hasOwn(proxy.upstreams, name) &&
    (serverName === undefined || proxy.upstreams[name]!.tls?.mode !== 'simple')
  const implicit = (asked: string, port: number, serverName: string | undefined) => {
    const named = namesOf(asked, port, scope).find(name => takesIt(name, serverName))
    return named === undefined ? undefined : ruleTo(named, `implicit/${named}`, {})
  }
  return (meant, serverName) => {
    const { port } = meant
    if (table !== undefined)
      for (const host of meant.names.length === 0 ? NOBODY : meant.names) {
        const rule = table.findConnection({ host, port, ...(serverName !== undefined && { serverName }) })
        if (rule !== undefined) return rule
        if (table.governsConnections({ host, port })) return REFUSED
      }
    if (!names) return undefined
    const asked = serverName === undefined ? undefined : implicit(serverName, port, serverName)
    if (asked !== undefined) return asked
    for (const name of meant.names) {
      const rule = name === serverName ? undefined : implicit(name, port, serverName)
      if (rule !== undefined) return rule
    }
    return undefined
  }
}

/** What a connection to a listener with routes is meant for. Without a Gateway the name is that of a service, and not of this listener. */
export function meantFor(
  { routed }: RoutedConfig,
  listenerPort: number,
  serverName: string | undefined,
): Meant {
  return serverName === undefined || routed?.gateway !== undefined
    ? { names: [], port: listenerPort }
    : { names: [serverName], port: HTTPS_PORT }
}

/**
 * What a captured connection is meant for: what its client of TLS asks for by name, then the Service that has the
 * address to which it was sent. The host is undefined where that is not known.
 */
export function meantByCaptured(
  { host, port }: { readonly host: string | undefined; readonly port: number },
  serverName: string | undefined,
  service: string | undefined,
): Meant {
  const names = [serverName, service, serverName === undefined ? host : undefined]
  return { names: names.filter(name => name !== undefined), port }
}
