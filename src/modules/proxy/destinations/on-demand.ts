import { isIP } from 'node:net'
import type { Log } from '../../../kernel/log/log.ts'
import type { ClusterPool, Demand } from '../clusters/cluster-pool.ts'
import { type ClusterConfig, clusterConfig } from '../clusters/config.ts'
import type { ServiceDiscovery } from '../clusters/discovery/config.ts'
import { type DnsResolver, systemResolver } from '../clusters/discovery/resolver.ts'
import { ON_DEMAND } from '../clusters/metrics.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import type { PeersOnDemand } from '../peers/on-demand.ts'
import type { Match, Rule } from '../routing/route.ts'
import type { ServiceLookup } from './controller.ts'
import type { DestinationPolicy } from './policy.ts'

/** A place that a client named. */
export interface Destination {
  /** The cluster's name. */
  readonly name: string
  /** Everything to this place. */
  readonly match: Match
  readonly demand: () => Demand
}

export interface OnDemandParts {
  readonly clusters: ClusterPool
  readonly log: Log
  /** Sets this listener's clusters apart from those of others, whose policy is another. */
  readonly listener: string
  /** Undefined: every place may be reached. */
  readonly policy: DestinationPolicy | undefined
  /** What rules of places have in common. */
  readonly rule: Pick<Rule, 'requestTimeoutMs' | 'backendTimeoutMs' | 'retry'>
  /** How metrics of requests call all of them together. */
  readonly label?: string
  /** Circuit breakers of each place; the usual ones unless given. */
  readonly limits?: Readonly<Record<string, number>>
  /** Who is to be met at the places; undefined: nobody is asked who he is. */
  readonly peers?: PeersOnDemand | undefined
  /** There could be `peers`, and the configuration wants none. */
  readonly asksNobody?: boolean
  /** Services are found by the controller. */
  readonly services?: ServiceLookup | undefined
  /** Tests give their own. */
  readonly resolver?: DnsResolver
}

/** How a place is reached: by requests of HTTP/1.1 or HTTP/2, as a tunnel, or as one in which the client has begun TLS itself. */
export type Way = 'http1' | 'http2' | 'tunnel' | 'tls'

/** Places that are remembered; forgetting one costs making it anew. */
const MAX_REMEMBERED = 4096

/** The clusters of hosts that no configuration names: looked up by DNS on first use, within what the policy allows. */
export class OnDemand {
  readonly #parts: OnDemandParts
  #known = new Map<string, Destination | undefined>()

  constructor(parts: OnDemandParts) {
    this.#parts = parts
  }

  /**
   * Undefined: the policy refuses it. `host` in lower case, an IPv6 address without brackets. `called` is the name that
   * the client knows the place by, where that is another.
   */
  find(host: string, port: number, way: Way, called = host): Destination | undefined {
    const { listener, peers, asksNobody } = this.#parts
    // A reload that asks, or asks no more, must not meet what was made before.
    const place = placeName(host, port, asksNobody ? `${listener} of anybody` : listener, way)
    // A service's address is asked for by many names: each is held to its own.
    const expected = called === host ? undefined : peers?.book.called(called)
    const name = expected === undefined ? place : `${place} as ${expected}`
    if (this.#known.has(name)) return this.#known.get(name)
    if (this.#known.size >= MAX_REMEMBERED) this.#known = new Map()
    const destination = this.#make(name, host, port, way, expected === undefined ? host : called)
    this.#known.set(name, destination)
    return destination
  }

  /** Undefined: there are too many already, all of them in use. */
  cluster({ name, demand }: Destination): RunningCluster | undefined {
    return this.#parts.clusters.demand(name, demand)
  }

  /** By the name of a destination that was found in this turn. */
  clusterNamed(name: string): RunningCluster | undefined {
    const destination = this.#known.get(name)
    return destination && this.cluster(destination)
  }

  #make(name: string, host: string, port: number, way: Way, called: string): Destination | undefined {
    const { policy, rule } = this.#parts
    const verdict = policy === undefined ? 'allowed' : policy.decide(host, port, isTunnel(way))
    if (verdict === 'refused') return undefined
    const backend = { cluster: name, label: this.#parts.label ?? ON_DEMAND, weight: 1, filters: [] }
    const match: Match = {
      prefix: '/',
      rule: { name: '', backends: [backend], totalWeight: 1, filters: [], ...rule },
    }
    return { name, match, demand: () => this.#demand(host, port, way, called, verdict === 'allowed') }
  }

  #demand(host: string, port: number, way: Way, called: string, listed: boolean): Demand {
    const { log, policy, limits, peers, services, resolver = systemResolver() } = this.#parts
    const config = withLookup(placeConfig(host, port, way, limits), services?.(host, port))
    // What clients ask for is not the operator's failure.
    const debug: Log['debug'] = (event, message, fields) => log.debug(event, message, fields)
    const quiet: Log = { debug, info: debug, warn: debug, error: debug, audit: debug }
    const parts = {
      log: quiet,
      peers: peers?.book.of(called),
      // What the client itself has secured is not plain.
      plain: way === 'tls' ? undefined : peers?.plain,
    }
    if (isIP(host) !== 0) return { config, parts }
    let refused = false
    const takes = (address: string): boolean =>
      policy === undefined || policy.takesAddress(address, port, isTunnel(way), listed)
    const filtered: DnsResolver = {
      services: name => resolver.services(name),
      async addresses(name) {
        const answers = reachable(await resolver.addresses(name))
        const taken = answers.filter(({ address }) => takes(address))
        refused = taken.length === 0 && answers.length > 0
        return taken
      },
    }
    return {
      config,
      parts: {
        ...parts,
        resolver: filtered,
        unserved: () => (refused ? 'denied' : 'no_healthy_upstream'),
      },
    }
  }
}

/** The cluster of a place. `@` is in no name of a configuration. */
export function placeName(host: string, port: number, listener: string, way: Way): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}@${listener}${SUFFIX[way]}`
}

/** How a place is reached: at its address, or at those that DNS has for its name. */
export function placeConfig(
  host: string,
  port: number,
  way: Way,
  limits?: Readonly<Record<string, number>>,
): ClusterConfig {
  const place =
    isIP(host) === 0
      ? { discovery: { dns: { name: host, port } } }
      : { endpoints: [{ address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` }] }
  const decoded = clusterConfig.decode({
    ...place,
    protocol: way === 'http2' ? 'http2' : 'auto',
    ...(limits && { circuitBreakers: limits }),
  })
  if (!decoded.ok) throw new Error(`${host}:${port}: ${decoded.problems[0]!.message}`)
  return decoded.value
}

/** The place as the controller knows it. */
function withLookup(config: ClusterConfig, discovery: ServiceDiscovery | undefined): ClusterConfig {
  if (discovery === undefined) return config
  const { endpoints: _, ...rest } = config
  return { ...rest, discovery }
}

const SUFFIX: Readonly<Record<Way, string>> = {
  http1: '',
  http2: ' by HTTP/2',
  tunnel: ' as it is',
  tls: ' as it is by TLS',
}

function isTunnel(way: Way): boolean {
  return way === 'tunnel' || way === 'tls'
}

/** IPv6 addresses only where this machine has one of its own, as getaddrinfo does with AI_ADDRCONFIG: no connection could be made. */
function reachable<A extends { readonly address: string }>(answers: readonly A[]): readonly A[] {
  if (!answers.some(({ address }) => address.includes(':'))) return answers
  if (!answers.some(({ address }) => !address.includes(':'))) return answers
  const interfaces = Object.values(process.getBuiltinModule('node:os').networkInterfaces()).flat()
  const hasIpv6 = interfaces.some(
    one => one?.family === 'IPv6' && !one.internal && !one.address.startsWith('fe80:'),
  )
  return hasIpv6 ? answers : answers.filter(({ address }) => !address.includes(':'))
}
