import { createHttpServer, type HttpServer } from '../../../http/server/server.ts'
import { parseAddress } from '../../../kernel/config/address.ts'
import type { Deadline, Host, Listening } from '../../../kernel/module.ts'
import type { ClusterPool } from '../clusters/cluster-pool.ts'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import type { EndpointClients } from '../forward/endpoint-clients.ts'
import type { FailureLog } from '../forward/failure-log.ts'
import { Forwarder } from '../forward/forwarder.ts'
import type { ProxyMetrics } from '../forward/metrics.ts'
import type { Observation } from '../observation/observation.ts'
import { portOf } from './check-routes.ts'
import { connectionTarget, decisionsOf } from './decisions.ts'
import { TcpRelay } from './tcp-relay.ts'

export interface ListenerParts {
  readonly host: Host
  readonly metrics: ProxyMetrics
  readonly clients: EndpointClients
  readonly observation: Observation
  readonly failures: FailureLog
  /** Names this process in Via. */
  readonly processToken: string
}

/** An open listener. */
export interface Listener {
  readonly listening: Listening
  /** Takes new settings over; requests under way keep theirs. */
  update(config: ListenerConfig, proxy: ProxyConfig): void
  /** Stops accepting and finishes what is under way. */
  drain(deadline: Deadline): Promise<void>
}

/** Opens a listener; what it holds goes with the host's scope. */
export async function openListener(
  config: ListenerConfig,
  proxy: ProxyConfig,
  clusters: ClusterPool,
  parts: ListenerParts,
): Promise<Listener> {
  const { host } = parts
  const port = portOf(config)
  const address = parseAddress(config.listen)!
  if (config.protocol === 'tcp') {
    let target = connectionTarget(config, { proxy, clusters, port })
    const relay = new TcpRelay(listenerName(config), parts, () => target())
    host.scope.defer(() => relay.close())
    const listening = await host.listen(address, relay.accept)
    return {
      listening,
      update: (next, proxy) => {
        target = connectionTarget(next, { proxy, clusters, port })
      },
      drain: async deadline => {
        await listening.close()
        await relay.drain(deadline)
      },
    }
  }
  const name = listenerName(config)
  const token = `${parts.processToken}.${name.replace(/[^\w.-]/g, '-')}`
  const common = { host, clusters, token, port }
  let decisions = decisionsOf(config, { ...common, proxy })
  const forwarder = new Forwarder(
    {
      listener: name,
      clock: host.clock,
      metrics: parts.metrics,
      clients: parts.clients,
      failures: parts.failures,
      random: Math.random,
    },
    decisions,
  )
  parts.observation.attach(name, forwarder)
  const server = createHttpServer({
    handler: forwarder.handle,
    clock: host.clock,
    versions: config.versions,
    servesWebSockets: true,
    onRejected: error => parts.metrics.rejected.with(name, error.reason).inc(),
    onError: error =>
      host.log.error('request_failed', 'forwarding a request failed by our own fault', {
        error,
        listener: name,
      }),
  })
  host.scope.defer(() => server.close())
  host.metrics.onCollect(() => parts.metrics.connections.with(name).set(server.connections))
  const listening = await host.listen(address, server.accept)
  return {
    listening,
    update: (next, proxy) => {
      decisions = decisionsOf(next, { ...common, proxy, previous: decisions })
      forwarder.decisions = decisions
    },
    drain: deadline => drainServer(listening, server, deadline),
  }
}

export function listenerName({ name, listen }: ListenerConfig): string {
  return name ?? listen
}

async function drainServer(listening: Listening, server: HttpServer, deadline: Deadline): Promise<void> {
  await listening.close()
  await server.drain(deadline)
}
