import type { TLSSocket } from 'node:tls'
import { createHttpClient, type HttpClient } from '../../../http/client/client.ts'
import type { ClientTls } from '../../../http/client/dial.ts'
import type { Timers } from '../../../http/timers.ts'
import type { Endpoint } from '../clusters/cluster.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'

/** Above this many clients those without a connection are forgotten. */
const SWEEP_AT = 256

/** The connections to each endpoint: made on first use, forgotten when unused. */
export class EndpointClients {
  readonly #clock: Timers
  readonly #onSecure: (cluster: string, socket: TLSSocket) => void
  readonly #clients = new Map<Endpoint, { readonly cluster: string; readonly client: HttpClient }>()
  /** Used no more; requests on them end in peace, and so do their idle connections. */
  readonly #retired = new Set<HttpClient>()
  #tls: ReadonlyMap<string, ClientTls> = new Map()
  #sweepAt = SWEEP_AT

  constructor(clock: Timers, onSecure: (cluster: string, socket: TLSSocket) => void) {
    this.#clock = clock
    this.#onSecure = onSecure
  }

  /** The keys of clusters that are reached by TLS. */
  useTls(tls: ReadonlyMap<string, ClientTls>): void {
    this.#tls = tls
  }

  for(cluster: RunningCluster, endpoint: Endpoint): HttpClient {
    const known = this.#clients.get(endpoint)
    if (known !== undefined) return known.client
    if (this.#clients.size + this.#retired.size >= this.#sweepAt) this.#sweep()
    const { protocol, connectTimeoutMs, idleTimeoutMs, tls } = cluster.config
    const { connections, pending } = cluster.breakers
    const keys = this.#tls.get(cluster.name)
    const client = createHttpClient({
      clock: this.#clock,
      origin: originOf(endpoint, tls !== undefined),
      protocol,
      connectTimeoutMs,
      idleTimeoutMs,
      // The breakers bound them, for all endpoints together.
      maxConnections: Number.POSITIVE_INFINITY,
      maxQueued: Number.POSITIVE_INFINITY,
      connectionLimit: connections,
      queueLimit: pending,
      ...(keys && { tls: { ...keys, onSecure: socket => this.#onSecure(cluster.name, socket) } }),
    })
    this.#clients.set(endpoint, { cluster: cluster.name, client })
    return client
  }

  /** The next call to the endpoint gets new connections, by the settings of then. */
  retire(endpoint: Endpoint): void {
    const known = this.#clients.get(endpoint)
    if (known === undefined) return
    this.#clients.delete(endpoint)
    if (known.client.connections > 0) this.#retired.add(known.client)
  }

  retireCluster(name: string): void {
    for (const [endpoint, { cluster }] of this.#clients) if (cluster === name) this.retire(endpoint)
  }

  close(): void {
    for (const { client } of this.#clients.values()) client.close()
    for (const client of this.#retired) client.close()
    this.#clients.clear()
    this.#retired.clear()
  }

  #sweep(): void {
    for (const [endpoint, { client }] of this.#clients)
      if (client.connections === 0) this.#clients.delete(endpoint)
    for (const client of this.#retired) if (client.connections === 0) this.#retired.delete(client)
    this.#sweepAt = Math.max(SWEEP_AT, (this.#clients.size + this.#retired.size) * 2)
  }
}

function originOf({ socketPath, host, port }: Endpoint, secure: boolean): URL | { readonly path: string } {
  if (socketPath !== undefined) return { path: socketPath }
  return new URL(`${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`)
}
