import { type ClusterConfig, clusterConfig } from '../clusters/config.ts'
import type { ProxyConfig } from '../config.ts'
import { targetsOf, withShortNames } from '../routing/targets.ts'
import { type ServiceLookup, serviceLookup } from './controller.ts'

type Services = Pick<
  ProxyConfig,
  'routes' | 'namespace' | 'clusterDomain' | 'upstreams' | 'unlistedServices' | 'controller'
>

/**
 * The configuration in which each Service that routes name is an upstream: the one that stands for it, whose name
 * takes the place of a short one, or, where none is listed and that is allowed, one that is found by its DNS name. As
 * every upstream it is opened when it is first used.
 */
export function withServices<C extends Services>(config: C): C {
  const named = config.routes.map(route => withShortNames(route, config.namespace, config.upstreams))
  const isAsItWas = named.every((route, at) => route === config.routes[at])
  return withFound(isAsItWas ? config : { ...config, routes: named })
}

function withFound<C extends Services>(config: C): C {
  if (config.unlistedServices === 'refuse') return config
  const found = new Map<string, 'auto' | 'http2'>()
  for (const document of config.routes)
    for (const { ref, cluster } of targetsOf(document, config.namespace)) {
      if (ref.kind !== 'Service' || Object.hasOwn(config.upstreams, cluster)) continue
      // Whoever serves gRPC speaks HTTP/2, whatever else is asked for there.
      if (document.kind === 'GRPCRoute') found.set(cluster, 'http2')
      else if (!found.has(cluster)) found.set(cluster, 'auto')
    }
  if (found.size === 0) return config
  const lookup = serviceLookup(config.controller, config)
  const services = [...found].map(
    ([name, protocol]) => [name, byName(name, protocol, config, lookup)] as const,
  )
  return { ...config, upstreams: { ...config.upstreams, ...Object.fromEntries(services) } }
}

/** `checkout.shop:80` is at `checkout.shop.svc.cluster.local`, port 80; where there is a controller, as that says. */
function byName(
  cluster: string,
  protocol: string,
  { clusterDomain }: Services,
  lookup: ServiceLookup | undefined,
): ClusterConfig {
  const colon = cluster.lastIndexOf(':')
  const name = `${cluster.slice(0, colon)}.svc.${clusterDomain}`
  const port = Number(cluster.slice(colon + 1))
  const decoded = clusterConfig.decode({ discovery: { dns: { name, port } }, protocol })
  if (!decoded.ok) throw new Error(`${cluster}: ${decoded.problems[0]!.message}`)
  const discovery = lookup?.(name, port)
  return discovery === undefined ? decoded.value : { ...decoded.value, discovery }
}
