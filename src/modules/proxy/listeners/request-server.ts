import { createHttpServer, type Handler, type HttpServer } from '../../../http/server/server.ts'
import { type ListenerConfig, listenerName } from '../config.ts'
import { type Decisions, Forwarder } from '../forward/forwarder.ts'
import type { Tunnels } from '../forward/tunnels.ts'
import type { ListenerParts } from './listener.ts'
import { rejectedInput } from './rejected.ts'

/** A client that keeps a connection may just be sending on it as the drain begins: it is told with the answer. */
const DRAIN_IDLE_MS = 1_000

/** What carries the requests of a listener, watched from the first one on. */
export function createForwarder(
  listener: string,
  { host, metrics, clients, failures, observation }: ListenerParts,
  tunnels: Tunnels,
  decisions: Decisions,
): Forwarder {
  const parts = { listener, clock: host.clock, metrics, clients, failures, tunnels, random: Math.random }
  const forwarder = new Forwarder(parts, decisions)
  observation.attach(listener, forwarder)
  return forwarder
}

/** A server of HTTP whose handler gives requests to this forwarder. Its owner closes it. */
export function createRequestServer(
  config: ListenerConfig,
  parts: ListenerParts,
  forwarder: Forwarder,
  handler: Handler,
): HttpServer {
  const listener = listenerName(config)
  const { clock, log } = parts.host
  return createHttpServer({
    handler,
    clock,
    versions: config.versions,
    servesConnect: config.forward !== undefined,
    servesWebSockets: true,
    limits: { drainIdleMs: DRAIN_IDLE_MS },
    ...rejectedInput(listener, parts, forwarder),
    onError: error =>
      log.error('request_failed', 'forwarding a request failed by our own fault', { error, listener }),
  })
}
