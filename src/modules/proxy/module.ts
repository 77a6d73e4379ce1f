import { isDeepStrictEqual } from 'node:util'
import type { ClientTls } from '../../http/client/dial.ts'
import type { Module } from '../../kernel/module.ts'
import { readClientTls } from './clusters/client-tls.ts'
import { ClusterPool } from './clusters/cluster-pool.ts'
import { clusterFamilies } from './clusters/metrics.ts'
import { sameConfig } from './clusters/same-config.ts'
import { checkProxy, type ProxyConfig, proxyConfig } from './config.ts'
import { EndpointClients } from './forward/endpoint-clients.ts'
import { FailureLog } from './forward/failure-log.ts'
import { ProxyMetrics } from './forward/metrics.ts'
import { proxyHealth } from './health.ts'
import { openIdentity } from './identity/identity.ts'
import { openListener } from './listeners/listener.ts'
import { ListenerSet } from './listeners/listener-set.ts'
import { Observation } from './observation/observation.ts'
import { tlsMetrics } from './tls/metrics.ts'
import { prepareAll } from './tls/prepare.ts'

/** Carries requests from listeners to upstreams. */
export const proxy: Module<ProxyConfig> = {
  name: 'proxy',
  config: proxyConfig,
  check: checkProxy,
  async start(config, host) {
    const clients = new EndpointClients(host.clock)
    host.scope.defer(() => clients.close())
    let keys = await readKeys(config)
    clients.useTls(keys)
    const clusters = host.scope.use(
      new ClusterPool(config.upstreams, {
        clock: host.clock,
        log: host.log,
        families: clusterFamilies(host.metrics),
        random: Math.random,
        onRemoved: (_, endpoint) => clients.retire(endpoint),
      }),
    )
    host.metrics.onCollect(() => {
      for (const cluster of clusters.open()) cluster.showInUse()
    })
    const processToken = `outrigger-${crypto.randomUUID().slice(0, 8)}`
    const observation = host.scope.use(new Observation(config, host))
    const metrics = new ProxyMetrics(host.metrics)
    const failures = new FailureLog(host.log)
    const tls = tlsMetrics(host.metrics)
    const identity = config.identity && (await openIdentity(config.identity, host, tls.expiry))
    const parts = { metrics, clients, processToken, observation, failures, tls: { identity, metrics: tls } }
    const listeners = host.scope.use(
      new ListenerSet(host, (one, whole, place) =>
        openListener(one, whole, clusters, { ...parts, host: place }),
      ),
    )
    await listeners.start(config)
    let present = config
    return {
      offer: undefined,
      health: () => proxyHealth(clusters, identity, listeners.all),
      async update(next) {
        if (!sameConfig(next.identity, present.identity)) return false
        const nextKeys = await readKeys(next)
        const commitTls = await prepareAll(listeners.staying(next), next.listeners)
        clients.useTls(nextKeys)
        for (const [name, upstream] of Object.entries(next.upstreams))
          if (!reachedAlike(present.upstreams[name], upstream, keys.get(name), nextKeys.get(name)))
            clients.retireCluster(name)
        clusters.update(next.upstreams)
        commitTls()
        await listeners.update(next)
        observation.update(next)
        present = next
        keys = nextKeys
        return true
      },
      drain: async deadline => {
        await listeners.drain(deadline)
        await observation.flush()
      },
    }
  },
}

type Upstream = ProxyConfig['upstreams'][string]

/** The keys and authorities of the upstreams that are reached by TLS, as the files are now. */
async function readKeys({ upstreams }: ProxyConfig): Promise<ReadonlyMap<string, ClientTls>> {
  const keys = new Map<string, ClientTls>()
  for (const [name, { tls }] of Object.entries(upstreams))
    if (tls !== undefined) keys.set(name, await readClientTls(tls))
  return keys
}

/** Whether connections that are there can go on being used. */
function reachedAlike(
  one: Upstream | undefined,
  other: Upstream,
  ...keys: (ClientTls | undefined)[]
): boolean {
  const connecting = (upstream: Upstream | undefined): unknown =>
    upstream && [upstream.protocol, upstream.tls, upstream.connectTimeoutMs, upstream.idleTimeoutMs]
  return sameConfig(connecting(one), connecting(other)) && isDeepStrictEqual(keys[0], keys[1])
}
