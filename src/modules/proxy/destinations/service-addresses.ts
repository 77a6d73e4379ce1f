import type { Problem } from '../../../kernel/config/problem.ts'
import { readAddress, writeAddress } from '../../../wire/ip/address.ts'
import type { ClusterConfig } from '../clusters/config.ts'
import { HEADLESS, wrongClusterIp } from '../clusters/discovery/cluster-ips.ts'
import type { ProxyConfig } from '../config.ts'
import { attach } from '../routing/attachment.ts'

/** The Service (`name.namespace`) that an address is one of; undefined for every other address. */
export type ServiceAt = (address: string) => string | undefined

type Upstreams = Readonly<Record<string, Pick<ClusterConfig, 'clusterIPs' | 'endpoints'>>>

/** The Service that an upstream stands for by its name; undefined where that is the name of none. */
export function serviceOf(upstream: string, namespace: string): string | undefined {
  const parts = upstream.replace(/:\d+$/, '').split('.')
  if (parts.length > 2 || parts.some(part => part === '' || part.includes(':'))) return undefined
  return parts.length === 1 ? `${parts[0]}.${namespace}` : parts.join('.')
}

/** Services by their addresses. One that two of them claim is nobody's: it is not guessed whose it is. */
export class AddressIndex {
  readonly #services = new Map<string, string | undefined>()

  add(address: string, service: string): void {
    const key = canonicalAddress(address)
    this.#services.set(
      key,
      this.#services.has(key) && this.#services.get(key) !== service ? undefined : service,
    )
  }

  /** `address` as `OriginalDestination` has it. */
  readonly at: ServiceAt = address => this.#services.get(address)
}

/** Adds what the configuration alone says. */
export function addConfigured(index: AddressIndex, upstreams: Upstreams, namespace: string): AddressIndex {
  for (const [name, { clusterIPs = [], endpoints = [] }] of Object.entries(upstreams)) {
    const service = serviceOf(name, namespace)
    if (service === undefined) continue
    const hosts = endpoints.flatMap(({ address }) => ('host' in address ? [address.host] : []))
    for (const address of addressesOf(clusterIPs, hosts)) index.add(address, service)
  }
  return index
}

/** Those of a headless Service are the hosts of its endpoints. */
export function addressesOf(clusterIPs: readonly string[], hosts: readonly string[]): readonly string[] {
  return clusterIPs.includes(HEADLESS) ? hosts : clusterIPs
}

/** The Services with TLSRoutes or TCPRoutes, whose addresses an outbound listener has to know. */
export function servicesOfConnections({
  routes,
  listeners,
  namespace,
  clusterDomain,
}: Pick<ProxyConfig, 'routes' | 'listeners' | 'namespace' | 'clusterDomain'>): ReadonlyMap<
  string,
  ReadonlySet<string>
> {
  if (!listeners.some(({ outbound }) => outbound !== undefined)) return new Map()
  const { services } = attach(routes, { namespace, clusterDomain })
  const found = [...services].map(
    ([service, attached]) =>
      [
        service,
        new Set(
          attached
            .map(({ document }) => document.kind)
            .filter(kind => kind === 'TLSRoute' || kind === 'TCPRoute'),
        ),
      ] as const,
  )
  return new Map(found.filter(([, kinds]) => kinds.size > 0))
}

/** What is wrong with `clusterIPs` of upstreams that the schema cannot say. */
export function checkClusterIPs({
  upstreams,
  namespace,
}: Pick<ProxyConfig, 'upstreams' | 'namespace'>): Problem[] {
  const owners = new Map<string, string>()
  return Object.entries(upstreams).flatMap(([name, { clusterIPs = [] }]) => {
    const service = serviceOf(name, namespace)
    const path = ['upstreams', name, 'clusterIPs']
    if (clusterIPs.length > 0 && service === undefined) {
      const hint = 'call the upstream name.namespace:port, or name:port in proxy.namespace'
      return [{ path, message: 'the upstream is not called like a Service', hint }]
    }
    const wrong = wrongClusterIp(clusterIPs)
    if (wrong !== undefined) return [{ path: [...path, wrong.index], message: wrong.message }]
    return clusterIPs.flatMap((text, index): Problem[] => {
      if (text === HEADLESS || service === undefined) return []
      const owner = owners.get(canonicalAddress(text)) ?? service
      owners.set(canonicalAddress(text), owner)
      if (owner === service) return []
      return [
        { path: [...path, index], message: `is a cluster IP of ${owner} too`, hint: 'remove one of them' },
      ]
    })
  })
}

/** One text for each address, however it is written. */
export function canonicalAddress(address: string): string {
  const words = new Uint32Array(4)
  const family = readAddress(address, words)
  return family === 0 ? address : writeAddress(family, words)
}
