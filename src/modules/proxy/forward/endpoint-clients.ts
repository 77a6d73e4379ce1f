import { createHttpClient, type HttpClient } from '../../../http/client/client.ts'
import { type ClientTls, createDialer, type Dialer, type Origin } from '../../../http/client/dial.ts'
import type { Timers } from '../../../http/timers.ts'
import { endpointTls } from '../clusters/client-tls.ts'
import type { Endpoint } from '../clusters/cluster.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import type { UpstreamKeys } from '../clusters/upstream-keys.ts'
import type { Identity } from '../identity/identity.ts'
import { countHandshake, type TlsMetrics } from '../tls/metrics.ts'

/** Above this many clients those without a connection are forgotten. */
const SWEEP_AT = 256

export interface EndpointClientsParts {
  readonly clock: Timers
  /** Who the sidecar is to endpoints that are reached by it. */
  readonly identity: Identity | undefined
  /** Of upstreams with `tls`. */
  readonly keys: Pick<UpstreamKeys, 'of'>
  readonly metrics: Pick<TlsMetrics, 'upstreamHandshakes' | 'upstreamFailures'>
}

interface Entry {
  readonly cluster: string
  readonly client: HttpClient
  /** It shows the sidecar's identity. */
  readonly identified: boolean
}

/** The connections to each endpoint: made on first use, forgotten when unused. */
export class EndpointClients {
  readonly #parts: EndpointClientsParts
  readonly #clients = new Map<Endpoint, Entry>()
  /** For tunnels by TLS; what they keep is how to begin the next one. */
  readonly #dialers = new Map<Endpoint, { readonly cluster: string; readonly dialer: Dialer }>()
  /** Used no more; requests on them end in peace, and so do their idle connections. */
  readonly #retired = new Set<HttpClient>()
  #sweepAt = SWEEP_AT

  constructor(parts: EndpointClientsParts) {
    this.#parts = parts
  }

  for(cluster: RunningCluster, endpoint: Endpoint): HttpClient {
    const known = this.#clients.get(endpoint)
    if (known !== undefined) return known.client
    if (this.#clients.size + this.#retired.size >= this.#sweepAt) this.#sweep()
    const { protocol, connectTimeoutMs, idleTimeoutMs } = cluster.config
    const { connections, pending } = cluster.breakers
    const tls = this.#tlsTo(cluster, endpoint)
    const client = createHttpClient({
      clock: this.#parts.clock,
      origin: originOf(endpoint, tls !== undefined),
      protocol,
      connectTimeoutMs,
      idleTimeoutMs,
      // The breakers bound them, for all endpoints together.
      maxConnections: Number.POSITIVE_INFINITY,
      maxQueued: Number.POSITIVE_INFINITY,
      connectionLimit: connections,
      queueLimit: pending,
      ...(tls && { tls }),
    })
    this.#clients.set(endpoint, { cluster: cluster.name, client, identified: tls?.source !== undefined })
    return client
  }

  /**
   * For connections whose content is not looked at; undefined: without TLS. What a client has begun by TLS itself goes
   * to endpoints with an identity within theirs, and to others as it is.
   */
  dialer(cluster: RunningCluster, endpoint: Endpoint, begun: boolean): Dialer | undefined {
    const known = this.#dialers.get(endpoint)
    if (begun && cluster.config.tls?.mode === 'simple') return undefined
    if (known !== undefined) return known.dialer
    const tls = this.#tlsTo(cluster, endpoint)
    if (tls === undefined) return undefined
    const dialer = createDialer(originOf(endpoint, true), tls, [])
    this.#dialers.set(endpoint, { cluster: cluster.name, dialer })
    return dialer
  }

  /** The next call to the endpoint gets new connections, by the settings of then. */
  retire(endpoint: Endpoint): void {
    this.#dialers.delete(endpoint)
    const known = this.#clients.get(endpoint)
    if (known === undefined) return
    this.#clients.delete(endpoint)
    if (known.client.connections > 0) this.#retired.add(known.client)
  }

  retireCluster(name: string): void {
    for (const [endpoint, { cluster }] of this.#clients) if (cluster === name) this.retire(endpoint)
    for (const [endpoint, { cluster }] of this.#dialers) if (cluster === name) this.retire(endpoint)
  }

  /** All that show the sidecar's identity, because it has changed, and those that would show it, had there been one. */
  retireIdentified(): void {
    for (const [endpoint, { identified }] of this.#clients)
      if (identified || endpoint.identity !== undefined) this.retire(endpoint)
    this.#dialers.clear()
  }

  close(): void {
    for (const { client } of this.#clients.values()) client.close()
    for (const client of this.#retired) client.close()
    this.#clients.clear()
    this.#retired.clear()
    this.#dialers.clear()
  }

  #tlsTo({ name, config }: RunningCluster, endpoint: Endpoint): ClientTls | undefined {
    const { identity, keys, metrics } = this.#parts
    const tls = endpointTls(config, endpoint, keys.of(name), identity)
    return (
      tls && {
        ...tls,
        onSecure: socket => countHandshake(metrics.upstreamHandshakes, name, socket),
        onFailure: reason => metrics.upstreamFailures.with(name, reason).inc(),
      }
    )
  }

  #sweep(): void {
    for (const [endpoint, { client }] of this.#clients)
      if (client.connections === 0) this.#clients.delete(endpoint)
    for (const client of this.#retired) if (client.connections === 0) this.#retired.delete(client)
    this.#sweepAt = Math.max(SWEEP_AT, (this.#clients.size + this.#retired.size) * 2)
  }
}

function originOf({ socketPath, host, port }: Endpoint, secure: boolean): Origin {
  if (socketPath !== undefined) return { path: socketPath, secure }
  return new URL(`${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`)
}
