import type { Socket } from 'node:net'
import type { ServerRequest } from '../../../http/server/request.ts'
import { createHttpServer, type Handler } from '../../../http/server/server.ts'
import { formatAddress } from '../../../kernel/config/address.ts'
import type { AnyModule } from '../../../kernel/config/load.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import type { Address, Host } from '../../../kernel/module.ts'
import { openServerTls } from '../../../kernel/server-tls/acceptor.ts'
import { serverTls } from '../../../kernel/server-tls/config.ts'
import type { GatewayListener, OwnPaths } from '../../../modules/secrets/gateway/handler.ts'
import type { Gateway, SecretsOffer } from '../../../modules/secrets/gateway/offer.ts'
import type { AgentListener } from '../../../personalities/vault-agent/listeners.ts'
import { agentFamilies, agentSummary } from '../../../personalities/vault-agent/metrics.ts'
import { prometheusText } from '../../../wire/prometheus/exposition.ts'

const ALPN = ['h2', 'http/1.1']

const listenerConfig = s.object(
  {
    listen: s.address({ about: 'Where it listens.' }),
    mode: s.string({ about: 'The mode of a Unix socket, octal.', default: '0755' }),
    owner: s.string({ about: 'The user whose the Unix socket is.', optional: true }),
    group: s.string({ about: 'Its group.', optional: true }),
    tls: serverTls('Serves HTTPS instead of HTTP.'),
    clientCertificates: s.choice(['request', 'require'], {
      about: 'Whether a client must show a certificate, where tls.ca is given.',
      default: 'request',
    }),
    requireRequestHeader: s.boolean({ about: 'Refuse requests without X-Vault-Request: true.' }),
    metricsOnly: s.boolean({ about: 'Nothing but metrics.' }),
    quit: s.boolean({ about: 'POST /agent/v1/quit ends the agent.' }),
  },
  { about: 'One listener.' },
)

const agentConfig = s.object(
  {
    listeners: s.list(listenerConfig, { about: 'Where the agent answers.', default: [] }),
    useOwnToken: s.choice(['never', 'missing', 'always'], {
      about: 'For which requests the agent’s own token is taken.',
      default: 'never',
    }),
    cache: s.boolean({ about: 'Keep answers with leases and tokens.', default: false }),
    prependNamespace: s.boolean({
      about: 'Put the agent’s namespace before that of a request.',
      default: true,
    }),
  },
  { about: 'What Vault Agent answers itself.' },
)

type AgentConfig = Infer<typeof agentConfig>
type ListenerConfig = AgentConfig['listeners'][number]

/** A listener in the notation of this module's configuration. */
export function listenerNotation({ place: _, tls, ...listener }: AgentListener): object {
  if (tls === undefined) return listener
  const { clientCertificates, ...rest } = tls
  return { ...listener, tls: rest, clientCertificates }
}

/** `/agent/v1/…` as a module of the same kernel, so that it starts, reloads and ends with the others. */
export function agentApiModule(quit: () => void): AnyModule {
  return {
    name: 'vault-agent',
    config: agentConfig,
    needs: ['secrets'],
    async start({ listeners, ...options }: AgentConfig, host: Host) {
      host.metrics.contribute(own => agentFamilies(own))
      const { gatewayHandler } = await import('../../../modules/secrets/gateway/handler.ts')
      for (const listener of listeners) {
        const gateway = listener.metricsOnly
          ? undefined
          : await host.use<SecretsOffer>('secrets').gateway(options)
        await serve(listener, host, handlerOf(listener, host, gateway, gatewayHandler, quit))
      }
      return { offer: undefined, health: () => ({ ready: true, state: 'ok' as const }) }
    },
  }
}

async function serve(config: ListenerConfig, host: Host, handler: Handler): Promise<void> {
  const { listen, tls, clientCertificates } = config
  const server = createHttpServer({
    clock: host.clock,
    limits: { maxConnections: 256 },
    handler,
    onError: (error, request) =>
      host.log.error('request_failed', `${request.method} ${request.path} failed`, { error }),
  })
  host.scope.defer(() => server.close())
  const onFailure = (reason: string, from: string) =>
    host.log.warn('handshake_failed', 'a client did not finish TLS', { reason, from })
  const key = `the listener at ${formatAddress(listen)}`
  const acceptor = tls && (await openServerTls({ tls, key, clientCertificates, alpn: ALPN, onFailure }, host))
  const accept = acceptor ? (raw: Socket) => acceptor.accept(raw, server.accept) : server.accept
  await host.listen('path' in listen ? await socketOf(listen.path, config) : listen, accept)
}

async function socketOf(path: string, { mode, owner, group }: ListenerConfig): Promise<Address> {
  if (owner === undefined && group === undefined) return { path, mode: Number.parseInt(mode, 8) }
  const { resolveOwnership } = await import('../../../modules/secrets/deliveries/file/ownership.ts')
  return {
    path,
    ...(await resolveOwnership({
      mode,
      ...(owner !== undefined && { owner }),
      ...(group !== undefined && { group }),
    })),
  }
}

/** What the agent answers itself; all else is for Vault. `guarded` lets only those pass who may ask. */
function handlerOf(
  { listen, requireRequestHeader, quit: mayQuit }: ListenerConfig,
  host: Host,
  gateway: Gateway | undefined,
  guarded: (listener: GatewayListener, gateway: Gateway | undefined, own: OwnPaths) => Handler,
  quit: () => void,
): Handler {
  return guarded({ listen, requireHeader: requireRequestHeader, hosts: [] }, gateway, {
    '/agent/v1/metrics': (request, response) => {
      if (request.method !== 'GET') return response.send(405, {}, '')
      const families = host.exposition()
      if (wantsPrometheus(request)) {
        const type = { 'Content-Type': 'text/plain; version=0.0.4' }
        return response.send(200, type, prometheusText(families))
      }
      const type = { 'Content-Type': 'application/json' }
      response.send(200, type, `${JSON.stringify(agentSummary(families, host.clock.now()))}\n`)
    },
    ...(mayQuit &&
      gateway !== undefined && {
        '/agent/v1/quit': (request, response) => {
          const isPost = request.method === 'POST' || request.method === 'PUT'
          response.send(isPost ? 200 : 405, {}, '')
          if (isPost) quit()
        },
      }),
  })
}

/** As Vault's own clients ask for it, or as Prometheus does. */
function wantsPrometheus({ query, headers }: ServerRequest): boolean {
  const format = query.get('format')
  return format === null
    ? (headers.get('accept') ?? '').startsWith('application/openmetrics-text')
    : format === 'prometheus'
}
