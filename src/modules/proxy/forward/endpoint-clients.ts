import { createHttpClient, type HttpClient } from '../../../http/client/client.ts'
import type { Timers } from '../../../http/timers.ts'
import type { Endpoint } from '../clusters/cluster.ts'

/** Above this many clients those without a connection are forgotten. */
const SWEEP_AT = 256

export interface EndpointClientOptions {
  readonly clock: Timers
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly maxConnections: number
}

/** The connections to each endpoint: made on first use, forgotten when unused. */
export class EndpointClients {
  readonly #options: EndpointClientOptions
  readonly #clients = new Map<Endpoint, HttpClient>()
  #sweepAt = SWEEP_AT

  constructor(options: EndpointClientOptions) {
    this.#options = options
  }

  for(endpoint: Endpoint): HttpClient {
    const known = this.#clients.get(endpoint)
    if (known !== undefined) return known
    if (this.#clients.size >= this.#sweepAt) this.#sweep()
    const { socketPath, host, port } = endpoint
    const client = createHttpClient({
      ...this.#options,
      origin:
        socketPath === undefined
          ? new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}`)
          : { path: socketPath },
    })
    this.#clients.set(endpoint, client)
    return client
  }

  close(): void {
    for (const client of this.#clients.values()) client.close()
    this.#clients.clear()
  }

  #sweep(): void {
    for (const [endpoint, client] of this.#clients)
      if (client.connections === 0) this.#clients.delete(endpoint)
    this.#sweepAt = Math.max(SWEEP_AT, this.#clients.size * 2)
  }
}
