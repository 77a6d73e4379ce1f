import type { TLSSocket } from 'node:tls'
import type { Counter, Family, Gauge, Metrics } from '../../../kernel/metrics/metrics.ts'

/** The metric families of TLS, on both sides of the proxy; made once by the module. */
export interface TlsMetrics {
  readonly handshakes: Family<Counter>
  readonly failures: Family<Counter>
  readonly plain: Family<Counter>
  readonly upstreamHandshakes: Family<Counter>
  readonly upstreamFailures: Family<Counter>
  readonly upstreamPlain: Family<Counter>
  readonly expiry: Family<Gauge>
}

export function tlsMetrics(metrics: Metrics): TlsMetrics {
  return {
    handshakes: metrics.counter(
      'tls_handshakes_total',
      'TLS handshakes of clients that came to their end, by what was agreed on.',
      ['listener', 'version', 'alpn', 'resumed'],
    ),
    failures: metrics.counter(
      'tls_handshake_failures_total',
      'TLS handshakes of clients that came to nothing, by reason.',
      ['listener', 'reason'],
    ),
    plain: metrics.counter(
      'tls_plain_connections_total',
      'Connections without TLS to listeners in permissive mode.',
      ['listener'],
    ),
    upstreamHandshakes: metrics.counter(
      'upstream_tls_handshakes_total',
      'TLS handshakes with endpoints that came to their end, by what was agreed on.',
      ['cluster', 'version', 'alpn', 'resumed'],
    ),
    upstreamFailures: metrics.counter(
      'upstream_tls_handshake_failures_total',
      'TLS handshakes with endpoints that came to nothing, by reason.',
      ['cluster', 'reason'],
    ),
    upstreamPlain: metrics.counter(
      'upstream_plain_total',
      'Requests and connections to places that are none of the upstreams and that went without TLS, because who is to be met there is not known.',
      ['listener'],
    ),
    expiry: metrics.gauge(
      'certificate_expiry_seconds',
      'Seconds until a certificate expires: that of the sidecar’s identity, or the file of a listener.',
      ['certificate'],
    ),
  }
}

/** Counts one that came to its end. `owner` is a listener or a cluster. */
export function countHandshake(family: Family<Counter>, owner: string, socket: TLSSocket): void {
  const resumed = socket.isSessionReused() ? 'true' : 'false'
  family.with(owner, socket.getProtocol() ?? '', socket.alpnProtocol || 'none', resumed).inc()
}
