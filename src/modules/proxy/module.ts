import type { Module } from '../../kernel/module.ts'
import { missingDestinations } from './capture/missing-destinations.ts'
import { ClusterPool } from './clusters/cluster-pool.ts'
import { FeedClients } from './clusters/discovery/feed-clients.ts'
import { clusterFamilies } from './clusters/metrics.ts'
import { sameConfig } from './clusters/same-config.ts'
import { UpstreamKeys } from './clusters/upstream-keys.ts'
import { checkProxy, listenerName, type ProxyConfig, proxyConfig } from './config.ts'
import { ServiceBook } from './destinations/service-book.ts'
import { missingAddresses } from './destinations/service-sources.ts'
import { withServices } from './destinations/services.ts'
import { serveExplanations } from './explanation/serve.ts'
import { EndpointClients } from './forward/endpoint-clients.ts'
import { FailureLog } from './forward/failure-log.ts'
import { ProxyMetrics } from './forward/metrics.ts'
import { proxyHealth } from './health.ts'
import { ChangingIdentity } from './identity/changing-identity.ts'
import { serveRenewal } from './identity/renew-route.ts'
import { SharedCounts } from './limits/shared-counts.ts'
import { openListener } from './listeners/listener.ts'
import { ListenerSet } from './listeners/listener-set.ts'
import { selectServedRoutes } from './listeners/select-routes.ts'
import { Observation } from './observation/observation.ts'
import { PeerBook } from './peers/peer-book.ts'
import { tlsMetrics } from './tls/metrics.ts'
import { prepareAll } from './tls/prepare.ts'

/** Carries requests from listeners to upstreams. */
export const proxy: Module<ProxyConfig> = {
  name: 'proxy',
  config: proxyConfig,
  documents: { files: 'routeFiles', into: 'routes', select: selectServedRoutes },
  check: checkProxy,
  lacks: config => [...missingDestinations(config), ...missingAddresses(config)],
  async start(configured, host) {
    const config = withServices(configured)
    const tls = tlsMetrics(host.metrics)
    const identity = await ChangingIdentity.open(config.identity, host, tls.expiry)
    serveRenewal(identity, host.admin)
    const keys = host.scope.use(
      new UpstreamKeys({ host, identity, changed: upstream => clients.retireCluster(upstream) }),
    )
    const clients = new EndpointClients({ clock: host.clock, identity, keys, metrics: tls })
    host.scope.defer(() => clients.close())
    const commitKeys = await keys.prepare(config.upstreams)
    commitKeys()
    const peers = host.scope.use(new PeerBook({ clock: host.clock, log: host.log, random: Math.random }))
    peers.use(config)
    const services = host.scope.use(
      new ServiceBook({ clock: host.clock, log: host.log, random: Math.random }),
    )
    services.use(config)
    const clusters = host.scope.use(
      new ClusterPool(config.upstreams, {
        clock: host.clock,
        log: host.log,
        families: clusterFamilies(host.metrics),
        random: Math.random,
        onRemoved: (_, endpoint) => clients.retire(endpoint),
        feedClients: new FeedClients(host.clock),
        identity,
        peersOf: name => peers.of(name),
        keeps: upstream => services.keeps(upstream),
        told: (upstream, specs, clusterIPs) => {
          peers.found(upstream, specs)
          services.found(upstream, specs, clusterIPs)
        },
      }),
    )
    for (const upstream of services.kept) clusters.get(upstream)
    host.metrics.onCollect(() => {
      for (const cluster of clusters.open()) cluster.showInUse()
    })
    // It only tells this process from others; node:crypto would cost a twentieth of the start.
    const processToken = `outrigger-${Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')}`
    const observation = host.scope.use(new Observation(config, host))
    const metrics = new ProxyMetrics(host.metrics)
    const failures = new FailureLog(host.log)
    const shared = host.scope.use(new SharedCounts(host))
    await shared.use(config.sharedLimits)
    const secured = { identity, metrics: tls }
    const told = { peers, services }
    const parts = { shared, metrics, clients, processToken, observation, failures, tls: secured, ...told }
    const listeners = host.scope.use(
      new ListenerSet(host, (one, whole, place) =>
        openListener(one, whole, clusters, { ...parts, host: place }),
      ),
    )
    await listeners.start(config)
    let present = config
    serveExplanations(host.admin, async body => {
      const { explainLive } = await import('./explanation/live.ts')
      return explainLive(body, present, {
        gate: listener => listeners.find(listenerName(listener))?.gate(),
        cluster: name => clusters.peek(name),
        serviceAt: services.at,
      })
    })
    // What is under way goes on; new requests show the new certificate.
    identity.onChange(() => clients.retireIdentified())
    return {
      offer: undefined,
      health: () => proxyHealth(clusters, identity, peers, listeners.all),
      async update(changed) {
        const next = withServices(changed)
        const commitKeys = await keys.prepare(next.upstreams)
        const changes = !sameConfig(next.identity, present.identity)
        const renamed = changes ? await identity.prepare(next.identity) : undefined
        const commitTls = await prepareAll(listeners.staying(next), next.listeners).catch(async error => {
          await renamed?.abandon()
          throw error
        })
        await shared.use(next.sharedLimits)
        const had = identity.isConfigured
        renamed?.commit()
        if (identity.isConfigured !== had) clusters.identityChanged()
        commitKeys()
        for (const [name, upstream] of Object.entries(next.upstreams))
          if (!reachedAlike(present.upstreams[name], upstream)) clients.retireCluster(name)
        clusters.update(next.upstreams)
        peers.use(next)
        services.use(next)
        for (const upstream of services.kept) clusters.get(upstream)
        commitTls()
        // Before them, so that what a new listener takes is watched from its first request on.
        observation.update(next)
        try {
          await listeners.update(next)
        } catch (error) {
          observation.update(present)
          throw error
        }
        present = next
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

/** Whether connections that are there can go on being used. */
function reachedAlike(one: Upstream | undefined, other: Upstream): boolean {
  const connecting = (upstream: Upstream | undefined): unknown =>
    upstream && [upstream.protocol, upstream.tls, upstream.connectTimeoutMs, upstream.idleTimeoutMs]
  return sameConfig(connecting(one), connecting(other))
}
