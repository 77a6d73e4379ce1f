import { type Spoken, serverNameOf } from '../capture/first-bytes.ts'
import type { OriginalDestination } from '../capture/original-destination.ts'
import type { ClusterPool } from '../clusters/cluster-pool.ts'
import { type ListenerConfig, listenerName, type ProxyConfig } from '../config.ts'
import { OnDemand, type Way } from '../destinations/on-demand.ts'
import type { Decisions } from '../forward/forwarder.ts'
import type { Match } from '../routing/route.ts'
import { connectionRoutes, type Meant } from './connection-routes.ts'
import { decisionsOf, defaultsOf, type ListenerDecisions } from './decisions.ts'
import type { ListenerParts } from './listener.ts'
import type { Target } from './passed-connection.ts'
import { portOf } from './port.ts'

type Place = OriginalDestination | undefined

/** Where captured connections go, by the settings of now. */
export interface CapturedService {
  readonly decisions: ListenerDecisions
  readonly opaquePorts: ReadonlySet<number>
  readonly detectTimeoutMs: number
  /** Over requests on a connection that was meant for `place`. */
  by(place: Place, way: Way): Decisions
  /** For a connection that is passed on as it is. */
  target(place: Place, spoken: Spoken): Target | undefined
}

/** Stands for the place that a connection was meant for. */
const MEANT: Match = { prefix: '', rule: { name: '', backends: [], totalWeight: 0, filters: [] } }
const PASSTHROUGH = 'passthrough'
const APPLICATION = 'application'
/** An application is not protected from its own clients here: what it takes is its own affair. */
const MANY = 1_000_000
const APPLICATION_LIMITS = { maxConnections: MANY, maxPending: MANY, maxRequests: MANY }
const HTTPS_PORT = 443
const NOWHERE: Meant = { host: '', port: HTTPS_PORT }

export function capturedService(
  config: ListenerConfig,
  proxy: ProxyConfig,
  clusters: ClusterPool,
  parts: ListenerParts,
  previous?: CapturedService,
): CapturedService {
  const { host, processToken } = parts
  const name = listenerName(config)
  const inbound = config.inbound
  const label = inbound === undefined ? PASSTHROUGH : APPLICATION
  const places = new OnDemand({
    clusters,
    log: host.log,
    listener: name,
    policy: undefined,
    rule: defaultsOf(config),
    label,
    ...(inbound && { limits: APPLICATION_LIMITS }),
  })
  const passes = inbound !== undefined || config.outbound!.unknown === 'pass'
  const decisions = decisionsOf(purpose(config), {
    host,
    proxy,
    clusters,
    shared: parts.shared,
    token: `${processToken}.${name.replace(/[^\w.-]/g, '-')}`,
    port: portOf(config),
    ...(previous && { previous: previous.decisions }),
    ...(passes && { otherwise: () => MEANT }),
  })
  const routes =
    inbound === undefined ? connectionRoutes(purpose(config), proxy, portOf(config), clusters) : undefined
  return {
    decisions,
    opaquePorts: new Set((inbound ?? config.outbound!).opaquePorts),
    detectTimeoutMs: (inbound ?? config.outbound!).detectTimeoutMs,
    by: (place, way) => ({
      ...decisions,
      cluster: cluster => clusters.get(cluster) ?? places.clusterNamed(cluster),
      find(view) {
        // What the sidecar receives is for the application, whatever host it names.
        if (inbound !== undefined && place !== undefined)
          return places.find(place.host, place.port, way)?.match
        if (inbound !== undefined && inbound.upstream === undefined) return undefined
        const match = decisions.find(view)
        if (match !== MEANT) return match
        return places.find(place?.host ?? view.host, place?.port ?? view.port, way)?.match
      },
    }),
    target(place, spoken) {
      const serverName = serverNameOf(spoken)
      const named = serverName === undefined ? undefined : { host: serverName, port: HTTPS_PORT }
      const chosen =
        routes === undefined
          ? place === undefined && inbound?.upstream !== undefined && clusters.get(inbound.upstream)
          : routes(place ?? named ?? NOWHERE, serverName)
      if (chosen) return { cluster: chosen, label: chosen.name }
      const meant = place ?? (inbound === undefined ? named : undefined)
      if (meant === undefined || !passes) return undefined
      const found = places.find(meant.host, meant.port, 'tunnel')
      const cluster = found && places.cluster(found)
      return cluster && { cluster, label }
    },
  }
}

/** A captured listener is one with an upstream, or one with routes. */
function purpose(config: ListenerConfig): ListenerConfig {
  const { inbound, outbound: _, ...rest } = config
  if (inbound?.upstream !== undefined) return { ...rest, upstream: inbound.upstream }
  if (inbound !== undefined) return { ...rest, routed: { unrouted: 'refuse' } }
  return {
    ...rest,
    routed: { unrouted: 'forward' },
    forwarded: config.forwarded ?? 'keep',
    encodedSlashes: config.encodedSlashes ?? 'as_sent',
  }
}
