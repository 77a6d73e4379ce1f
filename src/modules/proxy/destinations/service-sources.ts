import type { Problem } from '../../../kernel/config/problem.ts'
import { HEADLESS } from '../clusters/discovery/cluster-ips.ts'
import type { DnsConfig } from '../clusters/discovery/config.ts'
import type { ProxyConfig } from '../config.ts'
import { serviceOf, servicesOfConnections } from './service-addresses.ts'

type Settings = Pick<
  ProxyConfig,
  'routes' | 'listeners' | 'namespace' | 'clusterDomain' | 'upstreams' | 'unlistedServices'
>

/** Who tells the addresses of Services with TLSRoutes or TCPRoutes, where the configuration does not. */
export interface AddressSources {
  /** Upstreams that are told them by their own source, and the Services that they stand for. */
  readonly kept: ReadonlyMap<string, string>
  /** Names in DNS, by Service. */
  readonly dns: ReadonlyMap<string, DnsConfig>
  /** Services with TCPRoutes of which nobody tells them. */
  readonly unknown: readonly string[]
}

const REFRESH = { refreshMs: 30_000, minRefreshMs: 5_000 }

export function addressSources(settings: Settings): AddressSources {
  const { upstreams, namespace, clusterDomain, unlistedServices } = settings
  const kept = new Map<string, string>()
  const dns = new Map<string, DnsConfig>()
  const unknown: string[] = []
  for (const [service, kinds] of servicesOfConnections(settings)) {
    const own = Object.entries(upstreams).filter(([name]) => serviceOf(name, namespace) === service)
    const isConfigured = ([, { clusterIPs, discovery }]: (typeof own)[number]) =>
      clusterIPs !== undefined && (discovery === undefined || !clusterIPs.includes(HEADLESS))
    if (own.some(isConfigured)) continue
    const telling = own.filter(
      ([, { clusterIPs, discovery }]) => clusterIPs !== undefined || discovery?.kind === 'feed',
    )
    for (const [upstream] of telling) kept.set(upstream, service)
    if (telling.length > 0) continue
    const byDns = own.map(([, { discovery }]) => discovery).find(discovery => discovery?.kind === 'dns')
    if (byDns?.kind === 'dns') dns.set(service, byDns.config)
    else if (unlistedServices === 'dns')
      dns.set(service, { name: `${service}.svc.${clusterDomain}`, port: 1, ...REFRESH })
    else if (kinds.has('TCPRoute')) unknown.push(service)
  }
  return { kept, dns, unknown }
}

/** Told of each TCPRoute for a Service whose addresses nobody tells, for only by these are its connections known. */
export function missingAddresses(settings: Settings): Problem[] {
  const unknown = new Set(addressSources(settings).unknown)
  if (unknown.size === 0) return []
  return settings.routes.flatMap(({ kind, metadata, spec }, at) =>
    spec.parentRefs.flatMap((parent, number): Problem[] => {
      const home = parent.namespace ?? metadata.namespace ?? settings.namespace
      if (kind !== 'TCPRoute' || parent.kind !== 'Service' || !unknown.has(`${parent.name}.${home}`))
        return []
      return [
        {
          path: ['routes', at, 'spec', 'parentRefs', number],
          message: `the addresses of Service ${home}/${parent.name} are not known: captured connections to it go where they were sent`,
          hint: `give the upstream ${parent.name}.${home}:port clusterIPs, or write unlistedServices: dns`,
        },
      ]
    }),
  )
}
