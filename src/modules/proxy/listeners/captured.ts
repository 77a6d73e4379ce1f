import type { Socket } from 'node:net'
import { isLoopback } from '../../../http/loopback.ts'
import type { ServerRequest } from '../../../http/server/request.ts'
import type { HttpServer } from '../../../http/server/server.ts'
import type { TlsPeer } from '../../../http/tls/acceptor.ts'
import { parseAddress } from '../../../kernel/config/address.ts'
import type { Health, Host, Listening } from '../../../kernel/module.ts'
import type { Spoken } from '../capture/first-bytes.ts'
import {
  type FindOriginal,
  originalDestinations,
  WITHOUT_DESTINATIONS,
} from '../capture/original-destination.ts'
import { listenPortsOf } from '../capture/ports.ts'
import type { ClusterPool } from '../clusters/cluster-pool.ts'
import { type ListenerConfig, listenerName, type ProxyConfig } from '../config.ts'
import type { Way } from '../destinations/on-demand.ts'
import type { FailureCode } from '../failure.ts'
import { isGrpc } from '../forward/grpc.ts'
import type { Tunnels } from '../forward/tunnels.ts'
import { TlsEntry } from '../tls/entry.ts'
import { type Aim, capturedService } from './captured-service.ts'
import { Detection } from './detection.ts'
import { ALPN } from './entry.ts'
import type { Listener, ListenerParts } from './listener.ts'
import { showConnections } from './open-connections.ts'
import { portOf } from './port.ts'
import { createForwarder, createRequestServer } from './request-server.ts'
import { TcpRelay } from './tcp-relay.ts'
import { tunnelLimits } from './tunnel-limits.ts'

/** Servers of destinations that have no connection are kept up to this number. */
const MAX_IDLE_SERVERS = 256

/** Stands for the destination where the system cannot be asked. */
const UNKNOWN: FindOriginal = () => undefined

/** Opens a listener for connections that a rule of the packet filter has redirected. */
export async function openCaptured(
  config: ListenerConfig,
  proxy: ProxyConfig,
  clusters: ClusterPool,
  tunnels: Tunnels,
  parts: ListenerParts,
): Promise<Listener> {
  const { host, metrics } = parts
  const name = listenerName(config)
  const asked = originalDestinations()
  const cannotAsk = typeof asked === 'string' ? asked : undefined
  const findOriginal = typeof asked === 'string' ? UNKNOWN : asked
  const aimOf = (socket: Socket): Aim => ({ place: findOriginal(socket), listenPort: socket.localPort })
  showCapture(name, parts, cannotAsk)
  let service = capturedService(config, proxy, clusters, parts)
  let ownPorts = ownPortsOf(proxy)
  const forwarder = createForwarder(name, parts, tunnels, service.decisions)
  const relay = new TcpRelay(name, parts, tunnels, forwarder)
  const servers = new Map<string, HttpServer>()
  showConnections(name, host, metrics, () => {
    let open = relay.connections
    for (const { connections } of servers.values()) open += connections
    return open
  })

  const serverFor = (aim: Aim): HttpServer => {
    const { place, listenPort } = aim
    const key = place === undefined ? `${listenPort}` : `${place.host} ${place.port}`
    let server = servers.get(key)
    if (server === undefined) {
      if (servers.size >= MAX_IDLE_SERVERS)
        for (const [known, { connections }] of servers) if (connections === 0) servers.delete(known)
      server = createRequestServer(config, parts, forwarder, (request, response) => {
        forwarder.handleBy(service.by(aim, wayOf(request)), request, response)
      })
      servers.set(key, server)
    }
    return server
  }

  const pass = (socket: Socket, tls: TlsPeer | undefined, spoken: Spoken, rest?: Buffer): void => {
    const aim = aimOf(socket)
    const port = service.port(aim) ?? portOf(config)
    const passed = { socket, tls, spoken, port, ...(rest && { rest }) }
    relay.carry(passed, service.target(aim, spoken), service.decisions.gate)
  }
  const detection = new Detection(host.clock, service.detectTimeoutMs, {
    serve: (socket, tls) => serverFor(aimOf(socket)).accept(socket, tls),
    pass,
  })

  const entry = await TlsEntry.open(config.tls, {
    ...parts.tls,
    listener: name,
    host,
    alpn: ALPN[config.versions],
    detectTimeoutMs: service.detectTimeoutMs,
    onSecure: detection.accept,
    onPlain: detection.accept,
  })
  const accept = (socket: Socket): void => {
    const aim = aimOf(socket)
    const { place } = aim
    const refuse = (code: FailureCode, detail: string): void =>
      relay.refuse({ socket, port: service.port(aim) ?? portOf(config) }, { code, detail })
    if (config.inbound !== undefined && place !== undefined && ownPorts.has(place.port))
      refuse('loop_detected', 'the connection is meant for a port of the sidecar itself')
    else if (config.outbound !== undefined && place === undefined && !isLoopback(socket.localAddress))
      // A redirected connection of this pod arrives at a loopback address: this one is from outside.
      refuse('denied', 'outbound connections are taken from this pod alone')
    else if (service.isOpaque(aim)) pass(socket, undefined, { kind: 'other' })
    else entry.accept(socket)
  }

  host.scope.defer(() => {
    detection[Symbol.dispose]()
    for (const server of servers.values()) server.close()
  })
  const listening = await listenAll(config, host, accept)
  return {
    name,
    listening,
    prepare: next => entry.prepare(next.tls),
    health: () => (cannotAsk === undefined ? entry.health() : without(cannotAsk, entry.health())),
    gate: () => service.decisions.gate,
    update: (next, proxy) => {
      service = capturedService(next, proxy, clusters, parts, service)
      forwarder.decisions = service.decisions
      detection.timeoutMs = service.detectTimeoutMs
      ownPorts = ownPortsOf(proxy)
      tunnels.limits = tunnelLimits(next)
    },
    drain: async deadline => {
      await listening.close()
      await Promise.all([...servers.values()].map(server => server.drain(deadline)))
      await tunnels.drain(deadline)
    },
  }
}

/**
 * What the place behind speaks: HTTP/2 where the client knew so before, and for gRPC. By ALPN the client has agreed
 * with the sidecar, which says nothing of the application.
 */
function wayOf(request: ServerRequest): Way {
  if (!('scheme' in request.head)) return 'http1'
  return request.tls === undefined || isGrpc(request.headers) ? 'http2' : 'http1'
}

function ownPortsOf({ listeners }: ProxyConfig): ReadonlySet<number> {
  return new Set(listeners.flatMap(listener => [portOf(listener), ...listenPortsOf(listener)]))
}

/** The port of `listen`, and those of single captured ports beside it. */
async function listenAll(
  config: ListenerConfig,
  host: Host,
  accept: (socket: Socket) => void,
): Promise<Listening> {
  const address = parseAddress(config.listen)!
  const all = [await host.listen(address, accept)]
  const close = async (): Promise<void> => {
    await Promise.all(all.map(each => each.close()))
  }
  if ('port' in address)
    for (const port of listenPortsOf(config)) all.push(await host.listen({ ...address, port }, accept))
  return { address: all[0]!.address, close }
}

function showCapture(listener: string, { host }: ListenerParts, cannotAsk: string | undefined): void {
  host.metrics
    .gauge(
      'original_destinations_known',
      'Whether the system tells where captured connections were meant to go: 1, or 0 without node:ffi.',
      ['listener'],
    )
    .with(listener)
    .set(cannotAsk === undefined ? 1 : 0)
  if (cannotAsk === undefined) return
  host.log.warn('original_destination_unknown', `${cannotAsk}; ${WITHOUT_DESTINATIONS}`, { listener })
}

function without(why: string, health: Health): Health {
  const message = `${why}; ${WITHOUT_DESTINATIONS}`
  if (health.state === 'ok') return { ready: health.ready, state: 'degraded', message }
  return { ...health, message: `${health.message}; ${message}` }
}
