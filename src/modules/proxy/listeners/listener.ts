import type { Socket } from 'node:net'
import type { ServerRequest } from '../../../http/server/request.ts'
import type { ServerResponse } from '../../../http/server/response.ts'
import type { Handler } from '../../../http/server/server.ts'
import type { TlsPeer } from '../../../http/tls/acceptor.ts'
import type { Deadline, Health, Host, Listening } from '../../../kernel/module.ts'
import { serverNameOf } from '../capture/first-bytes.ts'
import type { ClusterPool } from '../clusters/cluster-pool.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import { type ListenerConfig, listenerName, type ProxyConfig } from '../config.ts'
import type { ServiceBook } from '../destinations/service-book.ts'
import type { EndpointClients } from '../forward/endpoint-clients.ts'
import type { FailureLog } from '../forward/failure-log.ts'
import type { Decisions, Forwarder } from '../forward/forwarder.ts'
import type { ProxyMetrics } from '../forward/metrics.ts'
import { Tunnels } from '../forward/tunnels.ts'
import type { SharedCounts } from '../limits/shared-counts.ts'
import type { Observation, Watchable } from '../observation/observation.ts'
import type { PeerBook } from '../peers/peer-book.ts'
import type { PreparedTls, TlsParts } from '../tls/entry.ts'
import { openCaptured } from './captured.ts'
import { connectionRoutes, meantFor, REFUSED } from './connection-routes.ts'
import { decisionsOf } from './decisions.ts'
import { Detection } from './detection.ts'
import { ALPN, openEntry } from './entry.ts'
import { forwardProxy } from './forward-proxy.ts'
import { gateOf, type ListenerGate } from './gate.ts'
import { showConnections } from './open-connections.ts'
import type { Target } from './passed-connection.ts'
import { portOf } from './port.ts'
import { createForwarder, createRequestServer } from './request-server.ts'
import { TcpRelay } from './tcp-relay.ts'
import { tunnelLimits } from './tunnel-limits.ts'

/** A client of TLS speaks first. */
const HELLO_TIMEOUT_MS = 10_000

export interface ListenerParts {
  readonly host: Host
  readonly metrics: ProxyMetrics
  readonly clients: EndpointClients
  readonly observation: Observation
  readonly failures: FailureLog
  readonly tls: TlsParts
  readonly shared: SharedCounts
  readonly peers: PeerBook
  readonly services: Pick<ServiceBook, 'at'>
  /** Names this process in Via. */
  readonly processToken: string
}

/** An open listener. */
export interface Listener {
  readonly name: string
  readonly listening: Listening
  /** Reads what the new settings name, before anything of them is taken over. */
  prepare(config: ListenerConfig): Promise<PreparedTls>
  health(): Health
  /** Access rules and limits as they are now. */
  gate(): ListenerGate | undefined
  /** Takes new settings over; requests under way keep theirs. */
  update(config: ListenerConfig, proxy: ProxyConfig): void
  /** Stops accepting and finishes what is under way. */
  drain(deadline: Deadline): Promise<void>
}

/** Opens a listener; what it holds goes with the scope of `parts.host`. */
export async function openListener(
  config: ListenerConfig,
  proxy: ProxyConfig,
  clusters: ClusterPool,
  parts: ListenerParts,
): Promise<Listener> {
  const name = listenerName(config)
  const tunnels = new Tunnels(name, parts.metrics, parts.host.clock, tunnelLimits(config))
  parts.host.scope.defer(() => tunnels.close())
  if (config.inbound !== undefined || config.outbound !== undefined)
    return openCaptured(config, proxy, clusters, tunnels, parts)
  return config.protocol === 'tcp' || config.protocol === 'tls'
    ? openRelay(config, proxy, clusters, tunnels, parts)
    : openHttp(config, proxy, clusters, tunnels, parts)
}

async function openRelay(
  config: ListenerConfig,
  proxy: ProxyConfig,
  clusters: ClusterPool,
  tunnels: Tunnels,
  parts: ListenerParts,
): Promise<Listener> {
  const name = listenerName(config)
  let target = passedTo(config, proxy, clusters)
  let gate = gateOf(config, parts.host, undefined, parts.shared)
  const watched: Watchable = { observer: undefined }
  parts.observation.attach(name, watched)
  const relay = new TcpRelay(name, parts, tunnels, watched)
  showConnections(name, parts.host, parts.metrics, () => relay.connections)
  const port = portOf(config)
  const carry = (socket: Socket, tls?: TlsPeer): void =>
    relay.carry({ socket, tls, port }, target(undefined), gate)
  const refuse = (socket: Socket): void =>
    relay.refuse(
      { socket, port },
      { code: 'bad_request', detail: 'the connection does not begin with the hello of TLS' },
    )
  const hello = new Detection(parts.host.clock, HELLO_TIMEOUT_MS, {
    serve: refuse,
    pass: (socket, tls, spoken, rest) => {
      if (spoken.kind === 'tls')
        relay.carry({ socket, tls, spoken, rest, port }, target(spoken.serverName), gate)
      else refuse(socket)
    },
  })
  parts.host.scope.use(hello)
  const accept = config.protocol === 'tls' ? hello.accept : carry
  const { entry, listening } = await openEntry(config, parts, [], accept)
  return {
    name,
    listening,
    prepare: next => entry.prepare(next.tls),
    health: () => entry.health(),
    gate: () => gate,
    update: (next, proxy) => {
      target = passedTo(next, proxy, clusters)
      gate = gateOf(next, parts.host, gate, parts.shared)
      tunnels.limits = tunnelLimits(next)
    },
    drain: async deadline => {
      await listening.close()
      await tunnels.drain(deadline)
    },
  }
}

async function openHttp(
  config: ListenerConfig,
  proxy: ProxyConfig,
  clusters: ClusterPool,
  tunnels: Tunnels,
  parts: ListenerParts,
): Promise<Listener> {
  const { host } = parts
  const name = listenerName(config)
  let service = httpService(config, proxy, clusters, parts)
  const forwarder = createForwarder(name, parts, tunnels, service.decisions)
  const handler: Handler =
    config.forward === undefined
      ? forwarder.handle
      : (request, response) => service.handle(forwarder, request, response)
  const server = createRequestServer(config, parts, forwarder, handler)
  host.scope.defer(() => server.close())
  const relay = new TcpRelay(name, parts, tunnels, forwarder)
  let target = passedTo(config, proxy, clusters)
  showConnections(name, host, parts.metrics, () => server.connections + relay.connections)
  const detection = new Detection(host.clock, config.detectTimeoutMs, {
    serve: server.accept,
    pass: (socket, tls, spoken, rest) => {
      const passed = { socket, tls, spoken, rest, port: portOf(config) }
      relay.carry(passed, target(serverNameOf(spoken)), service.gate)
    },
  })
  host.scope.use(detection)
  const accept = config.protocol === 'auto' ? detection.accept : server.accept
  const { entry, listening } = await openEntry(config, parts, ALPN[config.versions], accept)
  return {
    name: listenerName(config),
    listening,
    prepare: next => entry.prepare(next.tls),
    health: () => entry.health(),
    gate: () => service.gate,
    update: (next, proxy) => {
      service = httpService(next, proxy, clusters, parts, service)
      forwarder.decisions = service.decisions
      target = passedTo(next, proxy, clusters)
      detection.timeoutMs = next.detectTimeoutMs
      tunnels.limits = tunnelLimits(next)
    },
    drain: async deadline => {
      await listening.close()
      // A request that is under way may still become a tunnel.
      await server.drain(deadline)
      await tunnels.drain(deadline)
    },
  }
}

/** What a listener of HTTP does with requests. */
export interface HttpService {
  readonly decisions: Decisions
  /** Access rules and limits of the listener alone. */
  readonly gate: ListenerGate | undefined
  handle(forwarder: Forwarder, request: ServerRequest, response: ServerResponse): void
}

function httpService(
  config: ListenerConfig,
  proxy: ProxyConfig,
  clusters: ClusterPool,
  listenerParts: ListenerParts,
  previous?: HttpService,
): HttpService {
  const { processToken, host, shared } = listenerParts
  const token = `${processToken}.${listenerName(config).replace(/[^\w.-]/g, '-')}`
  if (config.forward !== undefined)
    return forwardProxy(config, token, clusters, listenerParts, gateOf(config, host, previous?.gate, shared))
  const parts = { host, shared, proxy, clusters, token, port: portOf(config), ...(previous && { previous }) }
  const decisions = decisionsOf(config, parts)
  return {
    decisions,
    gate: decisions.gate,
    handle: (forwarder, request, response) => forwarder.handle(request, response),
  }
}

/** Where connections go that are passed on as they are. */
function passedTo(
  config: ListenerConfig,
  proxy: ProxyConfig,
  clusters: ClusterPool,
): (serverName: string | undefined) => Target | undefined {
  const named = (cluster: RunningCluster | undefined) => cluster && { cluster, label: cluster.name }
  const { upstream } = config
  if (upstream !== undefined) return () => named(clusters.get(upstream))
  // A forward proxy learns where to go from requests alone.
  if (config.routed === undefined) return () => undefined
  const port = portOf(config)
  const routes = connectionRoutes(config, proxy, port, clusters)
  return serverName => {
    const told = routes(meantFor(config, port, serverName), serverName)
    return told === REFUSED ? undefined : named(told)
  }
}
