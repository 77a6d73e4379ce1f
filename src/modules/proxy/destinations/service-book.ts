import type { Log } from '../../../kernel/log/log.ts'
import type { DnsConfig } from '../clusters/discovery/config.ts'
import { type DnsWorld, dnsDiscovery } from '../clusters/discovery/dns.ts'
import type { EndpointSpec } from '../clusters/member.ts'
import { sameConfig } from '../clusters/same-config.ts'
import type { ProxyConfig } from '../config.ts'
import { AddressIndex, addConfigured, addressesOf, type ServiceAt } from './service-addresses.ts'
import { addressSources } from './service-sources.ts'

type Settings = Pick<
  ProxyConfig,
  'routes' | 'listeners' | 'namespace' | 'clusterDomain' | 'upstreams' | 'unlistedServices'
>

/** Where the addresses of one Service are asked for. */
interface Inquiry extends Disposable {
  readonly config: DnsConfig
  addresses: readonly string[]
}

export interface ServiceBookParts extends DnsWorld {
  readonly log: Log
}

/**
 * Which Service an address belongs to, for captured connections: by `clusterIPs` of upstreams, and for Services with
 * TLSRoutes or TCPRoutes by what their feed or DNS says. What is asked for is asked again as endpoints are.
 */
export class ServiceBook implements Disposable {
  readonly #parts: ServiceBookParts
  #settings: Settings | undefined
  /** Upstreams, and the Services that they stand for. */
  #kept: ReadonlyMap<string, string> = new Map()
  readonly #inquiries = new Map<string, Inquiry>()
  /** By upstream, of all that are open: a reload may ask for any of them. */
  readonly #found = new Map<string, readonly string[]>()
  #index: AddressIndex | undefined

  constructor(parts: ServiceBookParts) {
    this.#parts = parts
  }

  /** Upstreams that are to be open, for their sources know addresses. */
  get kept(): Iterable<string> {
    return this.#kept.keys()
  }

  keeps(upstream: string): boolean {
    return this.#kept.has(upstream)
  }

  /** Takes checked settings over. */
  use(settings: Settings): void {
    this.#settings = settings
    this.#index = undefined
    const { kept, dns } = addressSources(settings)
    this.#kept = kept
    for (const [service, inquiry] of this.#inquiries)
      if (!sameConfig(inquiry.config, dns.get(service))) {
        inquiry[Symbol.dispose]()
        this.#inquiries.delete(service)
      }
    for (const [service, config] of dns)
      if (!this.#inquiries.has(service)) this.#inquiries.set(service, this.#inquire(service, config))
  }

  /** What is found of an upstream in use; an empty list when it is closed. */
  found(upstream: string, specs: readonly EndpointSpec[], clusterIPs: readonly string[] = []): void {
    const addresses = addressesOf(
      clusterIPs,
      specs.map(({ host }) => host),
    )
    if (addresses.length === 0) this.#found.delete(upstream)
    else this.#found.set(upstream, addresses)
    this.#index = undefined
  }

  readonly at: ServiceAt = address => {
    this.#index ??= this.#made()
    return this.#index.at(address)
  };

  [Symbol.dispose](): void {
    for (const inquiry of this.#inquiries.values()) inquiry[Symbol.dispose]()
    this.#inquiries.clear()
  }

  #inquire(service: string, config: DnsConfig): Inquiry {
    let failing = false
    const source = dnsDiscovery(config, this.#parts, {
      found: specs => {
        failing = false
        inquiry.addresses = specs.map(({ host }) => host)
        this.#index = undefined
      },
      failed: reason => {
        if (failing) return
        failing = true
        const kept =
          inquiry.addresses.length > 0 ? 'what it said last holds' : 'its connections go where they were sent'
        this.#parts.log.warn(
          'service_unknown',
          `the addresses of the Service ${service}: ${reason}; ${kept}`,
          {
            service,
          },
        )
      },
    })
    const inquiry: Inquiry = { config, addresses: [], [Symbol.dispose]: () => source[Symbol.dispose]() }
    return inquiry
  }

  #made(): AddressIndex {
    const index = new AddressIndex()
    if (this.#settings === undefined) return index
    addConfigured(index, this.#settings.upstreams, this.#settings.namespace)
    for (const [upstream, service] of this.#kept)
      for (const address of this.#found.get(upstream) ?? []) index.add(address, service)
    for (const [service, { addresses }] of this.#inquiries)
      for (const address of addresses) index.add(address, service)
    return index
  }
}
