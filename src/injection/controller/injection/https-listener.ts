import { createHttpServer, type Handler } from '../../../http/server/server.ts'
import { createTlsAcceptor } from '../../../http/tls/acceptor.ts'
import type { CertificateSource } from '../../../http/tls/certificate.ts'
import type { Address, Deadline, Host } from '../../../kernel/module.ts'

export interface HttpsListener {
  readonly address: Address
  /** Takes reviews for so long, then closes the listener and finishes what is under way. */
  drain(deadline: Deadline, lingerMs: number): Promise<void>
}

const LIMITS = {
  headTimeoutMs: 5_000,
  idleTimeoutMs: 5 * 60_000,
  bodyStallMs: 5_000,
  maxConnections: 2000,
  /** A keep-alive connection of an API server may carry a review at the very moment of the end. */
  drainIdleMs: 1_000,
}

/** HTTPS with a certificate that may change while it runs; there must be one already. */
export async function openHttpsListener(
  listen: Address,
  certificates: CertificateSource,
  handler: Handler,
  host: Host,
): Promise<HttpsListener> {
  const { clock, log, metrics, scope } = host
  const failures = metrics.counter('handshakes_failed_total', 'TLS handshakes that failed.', ['reason'])
  const first = certificates.current()
  if (first === undefined) throw new Error('there is no certificate yet')
  const acceptor = createTlsAcceptor({
    materials: { fallback: first },
    clock,
    alpn: ['h2', 'http/1.1'],
    onFailure: (reason, from) => {
      failures.with(reason).inc()
      log.debug('handshake_failed', 'an API server did not finish TLS', { reason, from })
    },
  })
  scope.defer(() => acceptor.close())
  scope.defer(
    certificates.onChange(() => {
      const fallback = certificates.current()
      if (fallback !== undefined) acceptor.update({ fallback })
    }),
  )
  const server = createHttpServer({
    handler,
    clock,
    limits: LIMITS,
    onError: error => log.error('request_failed', 'a request failed by our own fault', { error }),
  })
  scope.defer(() => server.close())
  const listening = await host.listen(listen, raw =>
    acceptor.accept(raw, (socket, peer) => server.accept(socket, peer)),
  )
  return {
    address: listening.address,
    async drain(deadline, lingerMs) {
      const waitMs = Math.min(lingerMs, deadline.remainingMs() - 2_000)
      if (waitMs > 0) await clock.sleep(waitMs, deadline.signal).catch(() => {})
      await listening.close()
      await server.drain(deadline)
    },
  }
}
