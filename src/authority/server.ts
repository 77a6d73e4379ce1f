import { createHttpServer, type Handler, type HttpServer } from '../http/server/server.ts'
import { createTlsAcceptor, type TlsAcceptor } from '../http/tls/acceptor.ts'
import type { Clock, Timer } from '../kernel/clock/clock.ts'
import type { Address, Listening } from '../kernel/module.ts'
import { Ports } from '../kernel/sockets.ts'
import { workloadId } from '../wire/spiffe/identity.ts'
import { issueWithKey } from './own-certificate.ts'
import { authorityService, type ServiceOptions } from './service.ts'

export interface AuthorityServerOptions extends ServiceOptions {
  readonly clock: Clock
  readonly listen: Address
  /** DNS names and IP addresses that callers reach it by. */
  readonly names: readonly string[]
  /** Paths that begin so are served by others. */
  readonly beside?: { readonly prefix: string; readonly handler: Handler }
  /** Default 1000. */
  readonly maxConnections?: number
}

export interface AuthorityServer extends AsyncDisposable {
  readonly address: Address
}

/** Its own certificate lives so long, and is renewed at half of it. */
const OWN_LIFETIME_MS = 24 * 3600_000
const LIMITS = { headTimeoutMs: 10_000, idleTimeoutMs: 10_000, bodyStallMs: 10_000 }

/** Serves the authority over HTTPS, with a certificate of its own making. */
export async function startAuthorityServer(options: AuthorityServerOptions): Promise<AuthorityServer> {
  await using starting = new AsyncDisposableStack()
  const { authority, clock, log } = options
  const identity = workloadId(authority.trustDomain, 'outrigger', 'ca')
  const own = () => issueWithKey(authority, identity, options.names, OWN_LIFETIME_MS)
  const acceptor = createTlsAcceptor({
    materials: { fallback: await own() },
    clock,
    alpn: ['h2', 'http/1.1'],
    onFailure: (reason, from) =>
      log.debug('handshake_failed', 'a caller did not finish TLS', { reason, from }),
  })
  starting.defer(() => acceptor.close())
  const service = authorityService(options)
  const { beside, maxConnections = 1000 } = options
  const server = createHttpServer({
    handler:
      beside === undefined
        ? service
        : (request, response) =>
            (request.path.startsWith(beside.prefix) ? beside.handler : service)(request, response),
    clock,
    limits: { ...LIMITS, maxConnections },
    onError: error => log.error('request_failed', 'a request failed by our own fault', { error }),
  })
  starting.defer(() => server.close())
  const renewal = keepFresh(own, acceptor, options)
  starting.defer(() => renewal.cancel())
  const listening = await listen(options.listen, server, acceptor, starting)
  const scope = starting.move()
  return { address: listening.address, [Symbol.asyncDispose]: () => scope.disposeAsync() }
}

function keepFresh(
  own: () => ReturnType<typeof issueWithKey>,
  acceptor: TlsAcceptor,
  { clock, log }: AuthorityServerOptions,
): Timer {
  return clock.interval(OWN_LIFETIME_MS / 2, async () => {
    try {
      acceptor.update({ fallback: await own() })
    } catch (error) {
      log.error('own_certificate_failed', "the authority's own certificate could not be renewed", { error })
    }
  })
}

function listen(
  address: Address,
  server: HttpServer,
  acceptor: TlsAcceptor,
  scope: AsyncDisposableStack,
): Promise<Listening> {
  return new Ports().listen(address, raw => acceptor.accept(raw, socket => server.accept(socket)), {
    owner: 'ca',
    scope,
  })
}
