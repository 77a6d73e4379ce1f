import type { Host } from '../../../kernel/module.ts'
import type { ClusterPool } from '../clusters/cluster-pool.ts'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import { createFaults } from '../faults/faults.ts'
import type { Decisions } from '../forward/forwarder.ts'
import type { RequestHop } from '../forward/request-fields.ts'
import type { SharedCounts } from '../limits/shared-counts.ts'
import type { RequestView } from '../request.ts'
import type { RouteScope } from '../routing/attachment.ts'
import { ImplicitRoutes, type RuleDefaults, ruleTo } from '../routing/implicit.ts'
import type { Match } from '../routing/route.ts'
import { buildRouteTable } from '../routing/table.ts'
import { gateOf, type ListenerGate } from './gate.ts'

/** What an authority without a port means where it names a service and not this listener. */
const HTTP_PORT = 80

/** What decides over a listener's requests, with what only the listener knows of it. */
export interface ListenerDecisions extends Decisions {
  readonly gate: ListenerGate | undefined
}

export interface DecisionParts {
  readonly host: Host
  /** Where limits are counted that sidecars share. */
  readonly shared?: SharedCounts
  readonly proxy: Pick<ProxyConfig, 'routes' | 'namespace' | 'clusterDomain' | 'upstreams'>
  readonly clusters: Pick<ClusterPool, 'get'>
  /** Names this process and listener in Via. */
  readonly token: string
  /** Where the listener listens. */
  readonly port: number
  /** Where requests go that neither a route nor the name of an upstream tells of. */
  readonly otherwise?: Decisions['find']
  /** What these decisions follow after a reload. */
  readonly previous?: Pick<ListenerDecisions, 'gate'>
}

/** What decides over the requests of a listener; its configuration has passed the checks. */
export function decisionsOf(config: ListenerConfig, parts: DecisionParts): ListenerDecisions {
  const { proxy, clusters, token, port } = parts
  const { routed } = config
  return {
    hop: hopOf(config, token, 'append'),
    encodedSlashes: config.encodedSlashes ?? 'decode',
    maxBodyBytes: config.maxBodyBytes ?? Number.POSITIVE_INFINITY,
    underscores: config.underscores,
    port: routed !== undefined && routed.gateway === undefined ? HTTP_PORT : port,
    find: routed === undefined ? single(config) : byRoutes(config, proxy, port, parts.otherwise),
    cluster: name => clusters.get(name),
    gate: gateOf(config, parts.host, parts.previous?.gate, parts.shared),
    faults:
      config.faults.length === 0 ? undefined : createFaults(config.faults, { metrics: parts.host.metrics }),
  }
}

type Find = Decisions['find']

function single(config: ListenerConfig): Find {
  const match = everythingTo(config.upstream!, config)
  return () => match
}

/** Of whatever comes by this listener. */
export function everythingTo(upstream: string, config: ListenerConfig): Match {
  return { prefix: '', rule: ruleTo(upstream, '', defaultsOf(config)) }
}

/** By the route documents; what none of them governs goes to the upstream that it names. */
function byRoutes(
  config: ListenerConfig,
  proxy: DecisionParts['proxy'],
  port: number,
  otherwise: Find | undefined,
): Find {
  const scope = scopeOf(config, proxy, port)
  const { table } = buildRouteTable(proxy.routes, scope)
  if (config.routed!.unrouted === 'refuse') return view => table.find(view)
  const has = (name: string) => Object.hasOwn(proxy.upstreams, name)
  const implicit = new ImplicitRoutes(scope, has, defaultsOf(config))
  return (view: RequestView) =>
    table.find(view) ?? (table.governs(view) ? undefined : (implicit.find(view) ?? otherwise?.(view)))
}

/** Whose traffic a routed listener takes. */
export function scopeOf(
  { routed }: Pick<ListenerConfig, 'routed'>,
  { namespace, clusterDomain }: Pick<ProxyConfig, 'namespace' | 'clusterDomain'>,
  port: number,
): RouteScope {
  const { gateway, section } = routed ?? {}
  const listener = gateway === undefined ? undefined : { gateway, port, ...(section && { section }) }
  return { namespace, clusterDomain, ...(listener && { listener }) }
}

/** What the listener adds to requests; `usual` where it does not say what backends hear of the client. */
export function hopOf(
  { forwarded, via, underscores, tls }: ListenerConfig,
  token: string,
  usual: RequestHop['forwarded'],
): RequestHop {
  return {
    forwarded: forwarded ?? usual,
    clientCert: tls?.forwardClientCert ?? 'sanitize',
    via: via ? `1.1 ${token}` : undefined,
    dropsUnderscores: underscores === 'drop',
  }
}

/** What a listener says of requests that no route document governs. */
export function defaultsOf({ requestTimeoutMs, tryTimeoutMs, retry }: ListenerConfig): RuleDefaults {
  return {
    ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
    ...(tryTimeoutMs !== undefined && { backendTimeoutMs: tryTimeoutMs }),
    ...(retry !== undefined && { retry }),
  }
}
