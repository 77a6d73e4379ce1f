import type { Socket } from 'node:net'
import type { OnSecure } from '../../../http/tls/acceptor.ts'
import type { Health, Host } from '../../../kernel/module.ts'
import { sameConfig } from '../clusters/same-config.ts'
import type { Identity } from '../identity/identity.ts'
import type { ListenerTlsConfig } from './config.ts'
import { ListenerTls } from './listener-tls.ts'
import type { TlsMetrics } from './metrics.ts'

/** What all entries of the proxy share. */
export interface TlsParts {
  readonly identity: Identity | undefined
  readonly metrics: TlsMetrics
}

export interface EntryOptions extends TlsParts {
  readonly listener: string
  readonly host: Pick<Host, 'clock' | 'log' | 'metrics' | 'scope'>
  /** Offered by ALPN, the preferred first. */
  readonly alpn: readonly string[]
  /** How long a client may say nothing before it is taken for one without TLS, where both are served. */
  readonly detectTimeoutMs?: number
  /** Where connections go from here, with TLS and without; both bound. */
  readonly onSecure: OnSecure
  readonly onPlain: (socket: Socket) => void
}

/** Settings whose files have been read: taken over, or given up. */
export interface PreparedTls {
  commit(): void
  abandon(): void
}

/** The door of a listener: each connection goes through TLS, or not, by the settings of now. */
export class TlsEntry {
  readonly #options: EntryOptions
  #config: ListenerTlsConfig | undefined
  #tls: ListenerTls | undefined

  /** Rejects with the option whose file does not do. What it holds goes with the host's scope. */
  static async open(config: ListenerTlsConfig | undefined, options: EntryOptions): Promise<TlsEntry> {
    const entry = new TlsEntry(options)
    const prepared = await entry.prepare(config)
    prepared.commit()
    const { host } = options
    host.scope.defer(() => {
      entry.#tls?.close()
      entry.#tls = undefined
    })
    host.metrics.onCollect(() => entry.#tls?.showExpiry())
    return entry
  }

  private constructor(options: EntryOptions) {
    this.#options = options
  }

  /** For each connection. Bound. */
  readonly accept = (raw: Socket): void => {
    if (this.#tls === undefined) this.#options.onPlain(raw)
    else this.#tls.accept(raw)
  }

  health(): Health {
    return this.#tls?.health() ?? { ready: true, state: 'ok' }
  }

  /** Reads what new settings name. Connections that are there, and handshakes under way, keep theirs. */
  async prepare(config: ListenerTlsConfig | undefined): Promise<PreparedTls> {
    if (sameConfig(config, this.#config)) return { commit() {}, abandon() {} }
    const next =
      config === undefined || config.mode === 'off'
        ? undefined
        : await ListenerTls.open(config, this.#options)
    return {
      commit: () => {
        this.#tls?.[Symbol.dispose]()
        this.#tls = next
        this.#config = config
      },
      abandon: () => next?.close(),
    }
  }
}
