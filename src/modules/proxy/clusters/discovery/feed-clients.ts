import { createHttpClient, type HttpClient } from '../../../../http/client/client.ts'
import type { Clock } from '../../../../kernel/clock/clock.ts'

/** A client that others use, too. Disposing it lets go of it. */
export interface LentClient extends Disposable {
  readonly client: HttpClient
}

/**
 * One client for all feeds of a controller, so that a sidecar holds one connection to it and not one for each backend
 * that it uses: over TLS the feeds are streams of HTTP/2. The last one to let go closes it.
 */
export class FeedClients {
  readonly #clock: Clock
  readonly #clients = new Map<string, { readonly client: HttpClient; users: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `ca`: PEM that the controller's certificate must lead to; undefined: the usual authorities. */
  lend(origin: URL, ca: string | undefined): LentClient {
    const key = `${origin.origin}\n${ca ?? ''}`
    let entry = this.#clients.get(key)
    if (entry === undefined) {
      const tls = ca === undefined ? {} : { ca }
      entry = { client: createHttpClient({ origin, clock: this.#clock, tls, protocol: 'auto' }), users: 0 }
      this.#clients.set(key, entry)
    }
    entry.users++
    let lent = true
    return {
      client: entry.client,
      [Symbol.dispose]: () => {
        if (!lent) return
        lent = false
        if (--entry.users > 0) return
        this.#clients.delete(key)
        entry.client.close()
      },
    }
  }
}
