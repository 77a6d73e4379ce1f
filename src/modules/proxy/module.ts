import { isDeepStrictEqual } from 'node:util'
import type { Module } from '../../kernel/module.ts'
import type { Cluster } from './clusters/cluster.ts'
import { checkProxy, type ProxyConfig, proxyConfig } from './config.ts'
import { EndpointClients } from './forward/endpoint-clients.ts'
import { ProxyMetrics } from './forward/metrics.ts'
import { openListener } from './listeners/listener.ts'
import { createRoundRobin } from './listeners/round-robin.ts'

/** Carries requests from listeners to upstreams. */
export const proxy: Module<ProxyConfig> = {
  name: 'proxy',
  config: proxyConfig,
  check: checkProxy,
  async start(config, host) {
    const { connectTimeoutMs, idleTimeoutMs, maxPerEndpoint } = config.connections
    const clients = new EndpointClients({
      clock: host.clock,
      connectTimeoutMs,
      idleTimeoutMs,
      maxConnections: maxPerEndpoint,
    })
    host.scope.defer(() => clients.close())
    const processToken = `outrigger-${crypto.randomUUID().slice(0, 8)}`
    const parts = { host, metrics: new ProxyMetrics(host.metrics), clients, processToken }
    const clusters = makeClusters(config)
    const listeners = await Promise.all(config.listeners.map(one => openListener(one, clusters, parts)))
    for (const [index, { listening }] of listeners.entries())
      host.log.info('listening', 'the proxy takes connections', {
        address: listening.address,
        upstream: config.listeners[index]!.upstream,
      })
    let present = config
    return {
      offer: undefined,
      health: () => ({ ready: true, state: 'ok' }),
      async update(next) {
        if (!samePlaces(present, next)) return false
        const nextClusters = makeClusters(next)
        for (const [index, listener] of listeners.entries())
          listener.update(next.listeners[index]!, nextClusters)
        present = next
        return true
      },
      drain: async deadline => {
        await Promise.all(listeners.map(listener => listener.drain(deadline)))
      },
    }
  },
}

function makeClusters({ upstreams }: ProxyConfig): ReadonlyMap<string, Cluster> {
  const clusters = new Map<string, Cluster>()
  for (const [name, { endpoints }] of Object.entries(upstreams))
    clusters.set(name, createRoundRobin(name, endpoints))
  return clusters
}

/** Whether the listeners can stay as they are: only what they decide by has changed. */
function samePlaces(one: ProxyConfig, other: ProxyConfig): boolean {
  const places = ({ listeners, connections }: ProxyConfig): unknown => [
    listeners.map(({ name, listen, protocol }) => [name, listen, protocol]),
    connections,
  ]
  return isDeepStrictEqual(places(one), places(other))
}
