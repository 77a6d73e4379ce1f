import { isDeepStrictEqual } from 'node:util'
import type { ClientTls } from '../../http/client/dial.ts'
import type { Module } from '../../kernel/module.ts'
import { readClientTls } from './clusters/client-tls.ts'
import { ClusterPool } from './clusters/cluster-pool.ts'
import { clusterFamilies } from './clusters/metrics.ts'
import { sameConfig } from './clusters/same-config.ts'
import { checkProxy, type ProxyConfig, proxyConfig } from './config.ts'
import { withServices } from './destinations/services.ts'
import { EndpointClients } from './forward/endpoint-clients.ts'
import { FailureLog } from './forward/failure-log.ts'
import { ProxyMetrics } from './forward/metrics.ts'
import { proxyHealth } from './health.ts'
import { type Identity, openIdentity } from './identity/identity.ts'
import { SharedCounts } from './limits/shared-counts.ts'
import { openListener } from './listeners/listener.ts'
import { ListenerSet } from './listeners/listener-set.ts'
import { Observation } from './observation/observation.ts'
import { selectRoutes } from './routing/documents.ts'
import { tlsMetrics } from './tls/metrics.ts'
import { prepareAll } from './tls/prepare.ts'

/** Carries requests from listeners to upstreams. */
export const proxy: Module<ProxyConfig> = {
  name: 'proxy',
  config: proxyConfig,
  documents: { files: 'routeFiles', into: 'routes', select: selectRoutes },
  check: checkProxy,
  async start(configured, host) {
    const config = withServices(configured)
    const tls = tlsMetrics(host.metrics)
    const identity = config.identity && (await openIdentity(config.identity, host, tls.expiry))
    const clients = new EndpointClients({ clock: host.clock, identity, metrics: tls })
    host.scope.defer(() => clients.close())
    let keys = await readKeys(config, identity)
    clients.useTls(keys)
    const clusters = host.scope.use(
      new ClusterPool(config.upstreams, {
        clock: host.clock,
        log: host.log,
        families: clusterFamilies(host.metrics),
        random: Math.random,
        onRemoved: (_, endpoint) => clients.retire(endpoint),
        identity,
      }),
    )
    host.metrics.onCollect(() => {
      for (const cluster of clusters.open()) cluster.showInUse()
    })
    const processToken = `outrigger-${crypto.randomUUID().slice(0, 8)}`
    const observation = host.scope.use(new Observation(config, host))
    const metrics = new ProxyMetrics(host.metrics)
    const failures = new FailureLog(host.log)
    const shared = host.scope.use(new SharedCounts(host))
    await shared.use(config.sharedLimits)
    const secured = { identity, metrics: tls }
    const parts = { shared, metrics, clients, processToken, observation, failures, tls: secured }
    const listeners = host.scope.use(
      new ListenerSet(host, (one, whole, place) =>
        openListener(one, whole, clusters, { ...parts, host: place }),
      ),
    )
    await listeners.start(config)
    let present = config
    // What is under way goes on; new requests show the new certificate.
    identity?.onChange(() => clients.retireIdentified())
    return {
      offer: undefined,
      health: () => proxyHealth(clusters, identity, listeners.all),
      async update(changed) {
        const next = withServices(changed)
        if (!sameConfig(next.identity, present.identity)) return false
        const nextKeys = await readKeys(next, identity)
        const commitTls = await prepareAll(listeners.staying(next), next.listeners)
        await shared.use(next.sharedLimits)
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
async function readKeys(
  { upstreams }: ProxyConfig,
  identity: Identity | undefined,
): Promise<ReadonlyMap<string, ClientTls>> {
  const keys = new Map<string, ClientTls>()
  for (const [name, { tls }] of Object.entries(upstreams))
    if (tls !== undefined)
      try {
        keys.set(name, await readClientTls(tls, identity))
      } catch (error) {
        throw new Error(`upstreams.${name}.${(error as Error).message}`, { cause: error })
      }
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
