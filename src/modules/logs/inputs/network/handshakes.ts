import type { TlsAcceptor } from '../../../../http/tls/acceptor.ts'
import { openServerTls } from '../../../../kernel/server-tls/acceptor.ts'
import type { ServerTlsConfig } from '../../../../kernel/server-tls/config.ts'
import type { InputHost } from '../input.ts'

export interface InputTlsOptions {
  readonly tls: ServerTlsConfig
  /** What the input speaks inside TLS, for those who ask (ALPN). */
  readonly alpn: readonly string[]
  /** Counts failed handshakes. */
  readonly metric: string
}

/** TLS of an input; senders that do not finish it are counted. */
export function openInputTls({ tls, alpn, metric }: InputTlsOptions, host: InputHost): Promise<TlsAcceptor> {
  const { log, metrics, name, key } = host
  const failures = metrics.counter(metric, 'TLS handshakes of senders that failed.', ['input', 'reason'])
  const onFailure = (reason: string, from: string) => {
    failures.with(name, reason).inc()
    log.debug('handshake_failed', 'a sender did not finish TLS', { input: name, reason, from })
  }
  return openServerTls({ tls, alpn, key, onFailure }, host)
}
