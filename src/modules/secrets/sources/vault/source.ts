import { forwardProxy } from '../../../../backends/http/proxy.ts'
import { mapIn, numberIn } from '../../../../backends/vault/answers.ts'
import type { LoginConfig } from '../../../../backends/vault/auth/config.ts'
import { openAuthMethod } from '../../../../backends/vault/auth/kinds.ts'
import { VaultClient } from '../../../../backends/vault/client.ts'
import { VaultError } from '../../../../backends/vault/error.ts'
import { VaultLogin } from '../../../../backends/vault/login.ts'
import { VaultServer } from '../../../../backends/vault/server.ts'
import type { Health } from '../../../../kernel/module.ts'
import type { Lease, SecretValue } from '../../secret/value.ts'
import type { SourceHost } from '../host.ts'
import {
  type SecretRequest,
  type SecretSource,
  SourceFailure,
  type TokenSource,
  type Upstream,
} from '../source.ts'
import type { VaultSourceConfig } from './config.ts'
import { Mounts, versionedPath } from './mounts.ts'
import { vaultTokens } from './tokens.ts'
import { strangerUpstream, vaultUpstream } from './upstream.ts'
import { absenceIn, isChanging, secretValueOf } from './values.ts'

const DEFAULT_ADDRESS = 'https://127.0.0.1:8200'

/** Opens the source; its login begins at once. Rejects with a message for people. */
export async function openVaultSource(
  config: VaultSourceConfig & { readonly auth: LoginConfig },
  host: SourceHost,
): Promise<VaultSource>
export async function openVaultSource(config: VaultSourceConfig, host: SourceHost): Promise<SecretSource>
export async function openVaultSource(config: VaultSourceConfig, host: SourceHost): Promise<SecretSource> {
  const { env, key } = host
  const address = config.address ?? env['VAULT_ADDR'] ?? env['BAO_ADDR'] ?? DEFAULT_ADDRESS
  const namespace = config.namespace ?? env['VAULT_NAMESPACE'] ?? env['BAO_NAMESPACE']
  const ca = config.tls?.ca ?? env['VAULT_CACERT'] ?? env['BAO_CACERT']
  const tls = {
    verify: true,
    ...config.tls,
    ...(ca !== undefined && ca !== '' && { ca }),
  }
  const client = new VaultClient(
    {
      address,
      namespace: namespace === '' ? undefined : namespace,
      tls,
      proxy: config.proxy && forwardProxy(config.proxy.reveal()),
      timeoutMs: config.timeoutMs,
      maxConnections: config.limit.connections,
      limit: config.limit,
      key,
    },
    host,
  )
  if (config.auth.kind === 'none') return strangerSource(client)
  const login = new VaultLogin({
    client,
    method: await openAuthMethod(config.auth, host, `${key}.auth.${config.auth.kind}`),
    clock: host.clock,
    log: host.log,
    random: host.random,
    signal: host.signal,
    minBackoffMs: config.loginBackoff.minMs,
    maxBackoffMs: config.loginBackoff.maxMs,
    onOutcome: host.measure.login,
  })
  host.scope.use(login)
  login.start()
  return new VaultSource(new VaultServer(client, login), host, config.intervalMs)
}

/** Without a login there is nothing but the way to the server. */
function strangerSource(client: VaultClient): SecretSource {
  return {
    upstream: strangerUpstream(client),
    fetch: async ({ path }) => {
      throw new SourceFailure('forbidden', `${path}: the source has no login (auth.none)`)
    },
    health: () => ({ ready: true, state: 'ok' }),
  }
}

/** Secrets of a Vault or OpenBao server. */
export class VaultSource implements SecretSource {
  readonly server: VaultServer
  readonly intervalMs?: number
  readonly tokens: TokenSource
  readonly upstream: Upstream
  readonly #host: Pick<SourceHost, 'clock'>
  readonly #mounts: Mounts

  constructor(server: VaultServer, host: Pick<SourceHost, 'clock'>, intervalMs: number | undefined) {
    this.server = server
    this.#host = host
    this.tokens = vaultTokens(server)
    this.upstream = vaultUpstream(server)
    this.#mounts = new Mounts(server, () => host.clock.monotonic())
    if (intervalMs !== undefined) this.intervalMs = intervalMs
  }

  async fetch(request: SecretRequest, signal: AbortSignal): Promise<SecretValue> {
    const { path, write } = request
    try {
      if (write !== undefined) {
        const answer = await this.server.request({ method: 'PUT', path, body: write }, signal)
        return secretValueOf(answer, false, this.#host.clock.now())
      }
      return await this.#read(request, signal)
    } catch (error) {
      throw this.#failure(error, path, write === undefined ? 'read' : 'update')
    }
  }

  async list(path: string, signal: AbortSignal): Promise<readonly string[]> {
    try {
      const mount = await this.#mounts.of(path, signal)
      const at = mount?.isVersioned === true ? versionedPath(path, mount, 'metadata') : path
      const answer = await this.server.request({ method: 'GET', path: `${at}?list=true` }, signal)
      const keys = mapIn(answer, 'data')?.get('keys')
      return Array.isArray(keys) ? keys.filter(each => typeof each === 'string') : []
    } catch (error) {
      if (error instanceof VaultError && error.failure === 'missing') return []
      throw this.#failure(error, path, 'list')
    }
  }

  async renew(lease: Lease, signal: AbortSignal): Promise<Lease> {
    try {
      const answer = await this.server.request(
        { method: 'PUT', path: 'sys/leases/renew', body: new Map([['lease_id', lease.id]]) },
        signal,
      )
      const seconds = numberIn(answer, 'lease_duration') ?? 0
      return {
        id: lease.id,
        renewable: answer.get('renewable') === true,
        grantedAtMs: this.#host.clock.now(),
        durationMs: seconds * 1000,
      }
    } catch (error) {
      throw this.#failure(error, 'sys/leases/renew', 'update')
    }
  }

  async revoke(lease: Lease, signal: AbortSignal): Promise<void> {
    try {
      await this.server.request(
        { method: 'PUT', path: 'sys/leases/revoke', body: new Map([['lease_id', lease.id]]) },
        signal,
      )
    } catch (error) {
      throw this.#failure(error, 'sys/leases/revoke', 'update')
    }
  }

  onDoubt(doubt: (endsInMs: number) => void): Disposable {
    return this.server.login.listen({ onDoubt: doubt })
  }

  leasesEndAtMs(): number | undefined {
    const leftMs = this.server.login.remainingMs()
    return leftMs > 0 && Number.isFinite(leftMs) ? this.#host.clock.now() + leftMs : undefined
  }

  health(): Health {
    return this.server.health()
  }

  async #read({ path, version }: SecretRequest, signal: AbortSignal): Promise<SecretValue> {
    const mount = await this.#mounts.of(path.replace(/\?.*/, ''), signal)
    const isVersioned = mount?.isVersioned === true
    const at = isVersioned ? versionedPath(path, mount, 'data') : path
    const join = at.includes('?') ? '&' : '?'
    const answer = await this.server.request(
      { method: 'GET', path: version === undefined ? at : `${at}${join}version=${version}` },
      signal,
    )
    // What answers so is no Vault, and nothing of it may take the place of a value.
    const hasContent = ['data', 'auth', 'wrap_info'].some(key => mapIn(answer, key) !== undefined)
    if (!hasContent)
      throw new SourceFailure(
        'missing',
        `${path}: the answer holds no data; is this a path of secrets, and the address that of the server?`,
      )
    // Of a version that was deleted there is metadata only; some servers answer 200 with it.
    const data = mapIn(answer, 'data')
    const isContent = isVersioned && at.startsWith(`${mount.path}data/`)
    if (isContent && data?.get('data') === null)
      throw new SourceFailure('missing', `${path}: ${absenceIn(answer) ?? 'this version has no data'}`)
    const nowMs = this.#host.clock.now()
    const value = secretValueOf(answer, isContent, nowMs)
    if (isChanging(value, nowMs))
      throw new SourceFailure('unavailable', `${path}: is being rotated at this moment`)
    return value
  }

  #failure(error: unknown, path: string, capability: string): unknown {
    if (!(error instanceof VaultError)) return error
    return new SourceFailure(error.failure, this.#words(error, path, capability), {
      cause: error,
      ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    })
  }

  #words({ failure, message, path: asked, answer }: VaultError, path: string, capability: string): string {
    switch (failure) {
      case 'forbidden':
        return `${message}: the policies of our token do not allow "${capability}" there; a policy that does says path "${asked ?? path}" { capabilities = ["${capability}"] }`
      case 'missing':
        return `${message}: ${absenceIn(answer) ?? 'there is no such secret, or nothing is mounted there'}`
      case 'sealed':
        return `${message}: the server is sealed; it answers again once it is unsealed`
      default:
        return `${message}${this.server.client.skewWords}`
    }
  }
}
