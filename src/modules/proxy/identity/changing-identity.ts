import type { Certificate } from '../../../http/tls/certificate.ts'
import type { Family, Gauge } from '../../../kernel/metrics/metrics.ts'
import type { Health } from '../../../kernel/module.ts'
import { parseSpiffeId } from '../../../wire/spiffe/identity.ts'
import type { IdentityConfig } from './config.ts'
import { type Identity, type IdentityHost, openIdentity } from './identity.ts'

/** An identity of a new configuration: taken over, or given up. */
export interface PreparedIdentity {
  commit(): void
  abandon(): Promise<void>
}

interface Opened {
  /** Undefined: none is configured. */
  readonly identity: Identity | undefined
  close(): Promise<void>
}

/**
 * The sidecar's identity, also when its configuration changes, comes or goes: everything that shows it stays. Until an
 * authority has issued the first certificate by the new one, the last certificate serves if it is of the same SPIFFE ID.
 */
export class ChangingIdentity implements Identity {
  readonly #host: IdentityHost
  readonly #calls = new Set<() => void>()
  #opened: Opened
  /** Of the configuration before. */
  #last: Certificate | undefined

  /** As `openIdentity`; shows in `expiry` how long its certificate is good. */
  static async open(
    config: IdentityConfig | undefined,
    host: IdentityHost,
    expiry: Family<Gauge>,
  ): Promise<ChangingIdentity> {
    const identity = new ChangingIdentity(host, await opened(config, host))
    host.scope.defer(() => identity.#opened.close())
    host.metrics.onCollect(() => {
      const certificate = identity.current()
      if (certificate === undefined) expiry.remove('identity')
      else expiry.with('identity').set(Math.round((certificate.notAfterMs - host.clock.now()) / 1000))
    })
    return identity
  }

  private constructor(host: IdentityHost, first: Opened) {
    this.#host = host
    this.#opened = first
    this.#follow(first)
  }

  get isConfigured(): boolean {
    return this.#opened.identity !== undefined
  }

  get trustDomain(): string | undefined {
    return this.#opened.identity?.trustDomain
  }

  current(): Certificate | undefined {
    return this.#opened.identity?.current() ?? this.#last
  }

  onChange(call: () => void): () => void {
    const entry = () => call()
    this.#calls.add(entry)
    return () => void this.#calls.delete(entry)
  }

  health(): Health {
    const { identity } = this.#opened
    if (identity === undefined) return { ready: true, state: 'ok' }
    const health = identity.health()
    const serves = this.#last !== undefined && identity.current() === undefined
    return serves ? { ...health, ready: true } : health
  }

  async renew(): Promise<string | undefined> {
    const { identity } = this.#opened
    return identity === undefined
      ? 'the sidecar has no identity: proxy.identity is not configured'
      : identity.renew()
  }

  /** Opens what the new configuration names; rejects with the option that does not do, and nothing has changed. */
  async prepare(config: IdentityConfig | undefined): Promise<PreparedIdentity> {
    const next = await opened(config, this.#host)
    return {
      commit: () => {
        const before = this.#opened
        const last = this.current()
        this.#last = config?.kind === 'authority' && isOf(last?.identity, config.config) ? last : undefined
        this.#opened = next
        this.#follow(next)
        void before.close()
        this.#changed()
      },
      abandon: () => next.close(),
    }
  }

  #follow(opened: Opened): void {
    opened.identity?.onChange(() => {
      if (opened !== this.#opened) return
      this.#last = undefined
      this.#changed()
    })
  }

  #changed(): void {
    for (const call of [...this.#calls]) call()
  }
}

/** Whether the identity is what the configuration asks for. */
function isOf(
  identity: string | undefined,
  { id, trustDomain }: { readonly id?: string; readonly trustDomain?: string },
): boolean {
  if (identity === undefined) return false
  return id === undefined ? parseSpiffeId(identity)?.trustDomain === trustDomain : identity === id
}

/** With a scope and a signal of its own: it may end before the module does. */
async function opened(config: IdentityConfig | undefined, host: IdentityHost): Promise<Opened> {
  if (config === undefined) return { identity: undefined, close: async () => {} }
  const { clock, log, metrics } = host
  const scope = new AsyncDisposableStack()
  const stop = new AbortController()
  const signal = AbortSignal.any([host.signal, stop.signal])
  const close = async (): Promise<void> => {
    stop.abort(new Error('another identity has taken its place'))
    await scope.disposeAsync()
  }
  try {
    return { identity: await openIdentity(config, { clock, log, metrics, scope, signal }), close }
  } catch (error) {
    await close()
    throw error
  }
}
