import { type Spoken, serverNameOf } from '../capture/first-bytes.ts'
import type { OriginalDestination } from '../capture/original-destination.ts'
import type { ClusterPool } from '../clusters/cluster-pool.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import { type ListenerConfig, listenerName, type ProxyConfig } from '../config.ts'
import { serviceLookup } from '../destinations/controller.ts'
import { OnDemand, type Way } from '../destinations/on-demand.ts'
import type { Decisions } from '../forward/forwarder.ts'
import { forPlainClients, peersOnDemand } from '../peers/on-demand.ts'
import type { Match } from '../routing/route.ts'
import { connectionRoutes, meantByCaptured, REFUSED } from './connection-routes.ts'
import { decisionsOf, defaultsOf, everythingTo, type ListenerDecisions } from './decisions.ts'
import type { ListenerParts } from './listener.ts'
import type { Target } from './passed-connection.ts'
import { portOf } from './port.ts'

/** What is known of where a connection was meant to go. */
export interface Aim {
  /** Undefined: it was not redirected, or the system cannot be asked. */
  readonly place: OriginalDestination | undefined
  /** The port of the sidecar that it came to. */
  readonly listenPort: number | undefined
}

/** Where captured connections go, by the settings of now. */
export interface CapturedService {
  readonly decisions: ListenerDecisions
  readonly detectTimeoutMs: number
  /** Undefined where it is not known. */
  port(aim: Aim): number | undefined
  /** Passed on without a look at it. */
  isOpaque(aim: Aim): boolean
  /** Over requests on a connection. */
  by(aim: Aim, way: Way): Decisions
  /** For a connection that is passed on as it is. */
  target(aim: Aim, spoken: Spoken): Target | undefined
}

interface Everything {
  readonly upstream: string
  readonly match: Match
}

/** Stands for the place that a connection was meant for. */
const MEANT: Match = { prefix: '', rule: { name: '', backends: [], totalWeight: 0, filters: [] } }
const PASSTHROUGH = 'passthrough'
const APPLICATION = 'application'
/** An application is not protected from its own clients here: what it takes is its own affair. */
const MANY = 1_000_000
const APPLICATION_LIMITS = { maxConnections: MANY, maxPending: MANY, maxRequests: MANY }
const HTTPS_PORT = 443

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
  // What the sidecar receives goes to the application beside it.
  const mutualTls = config.outbound?.mutualTls ?? 'off'
  const places = new OnDemand({
    clusters,
    log: host.log,
    listener: name,
    policy: undefined,
    rule: defaultsOf(config),
    label,
    peers: peersOnDemand(mutualTls, parts.peers, parts.tls.metrics.upstreamPlain, name),
    asksNobody: config.outbound?.mutualTls === 'off',
    ...(inbound && { limits: APPLICATION_LIMITS }),
    ...(inbound === undefined && { services: serviceLookup(proxy.controller, proxy) }),
  })
  const passes = inbound !== undefined || config.outbound!.unknown === 'pass'
  const options = inbound ?? config.outbound!
  const everything = (upstream: string): Everything => ({ upstream, match: everythingTo(upstream, config) })
  const ports = new Map(
    options.ports.map(({ listenPort, port, upstream }) => [listenPort, { port, ...everything(upstream) }]),
  )
  const usual = inbound?.upstream === undefined ? undefined : everything(inbound.upstream)
  const mapped = ({ place, listenPort = 0 }: Aim) => (place === undefined ? ports.get(listenPort) : undefined)
  const portOfAim = (aim: Aim) => aim.place?.port ?? mapped(aim)?.port
  /** Where it goes when nothing else tells. */
  const fallback = (aim: Aim): Everything | undefined =>
    mapped(aim) ?? (aim.place === undefined ? usual : undefined)
  /**
   * The Service at the address. With `unknown: refuse` a name that means nothing is refused wherever it was sent: rules
   * for names have judged it by that name, which is not the Service's.
   */
  const serviceAt = (place: Aim['place'], called: string | undefined): string | undefined => {
    if (place === undefined) return undefined
    const isTold = called === undefined || called === place.host || called === `[${place.host}]`
    return passes || isTold ? parts.services.at(place.host) : undefined
  }
  const opaquePorts = new Set(options.opaquePorts)
  const decisions = decisionsOf(purpose(config), {
    host,
    proxy,
    clusters,
    shared: parts.shared,
    token: `${processToken}.${name.replace(/[^\w.-]/g, '-')}`,
    port: portOf(config),
    ...(previous && { previous: previous.decisions }),
    otherwise: () => MEANT,
  })
  const routes =
    inbound === undefined ? connectionRoutes(purpose(config), proxy, portOf(config), clusters) : undefined
  return {
    decisions,
    detectTimeoutMs: options.detectTimeoutMs,
    port: portOfAim,
    isOpaque(aim) {
      const port = portOfAim(aim)
      return port !== undefined && opaquePorts.has(port)
    },
    by: (aim, way) => ({
      ...decisions,
      cluster: cluster => forPlainClients(mutualTls, clusters.get(cluster) ?? places.clusterNamed(cluster)),
      find(view) {
        const { place } = aim
        // What the sidecar receives is for the application, whatever host it names.
        if (inbound !== undefined)
          return place === undefined ? fallback(aim)?.match : places.find(place.host, place.port, way)?.match
        const match = decisions.find(view)
        if (match !== MEANT) return match
        // A host that names nothing known: the address to which the application has sent it may.
        const service = serviceAt(place, view.host)
        if (service !== undefined) {
          const addressed = decisions.find({ ...view, host: service, port: place!.port })
          if (addressed !== MEANT) return addressed
        }
        const { host, port } = place ?? view
        return fallback(aim)?.match ?? (passes ? places.find(host, port, way, view.host)?.match : undefined)
      },
    }),
    target(aim, spoken) {
      const isTls = spoken.kind === 'tls'
      const allowed = (cluster: RunningCluster | undefined) =>
        isTls ? cluster : forPlainClients(mutualTls, cluster)
      const { place } = aim
      const serverName = serverNameOf(spoken)
      const port = portOfAim(aim) ?? HTTPS_PORT
      const named = serverName === undefined ? undefined : { host: serverName, port }
      const service = serviceAt(place, serverName)
      const told = routes?.(
        meantByCaptured(place ?? { host: undefined, port }, serverName, service),
        serverName,
      )
      if (told === REFUSED) return undefined
      const upstream = fallback(aim)?.upstream
      const chosen = told ?? (upstream === undefined ? undefined : clusters.get(upstream))
      if (chosen !== undefined) return { cluster: allowed(chosen)!, label: chosen.name }
      const meant = place ?? (inbound === undefined ? named : undefined)
      if (meant === undefined || !passes) return undefined
      const found = places.find(meant.host, meant.port, isTls ? 'tls' : 'tunnel', serverName)
      const cluster = allowed(found && places.cluster(found))
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
