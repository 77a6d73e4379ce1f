import { readFile, stat } from 'node:fs/promises'
import { createTlsAcceptor, type TlsAcceptor } from '../../../../http/tls/acceptor.ts'
import type { TlsMaterials } from '../../../../http/tls/contexts.ts'
import type { InputHost } from '../input.ts'
import type { ServerTlsConfig } from './tls-config.ts'

/** How often certificate files are looked at for a renewal. */
const LOOK_EVERY_MS = 60_000

export interface AcceptorOptions {
  readonly tls: ServerTlsConfig
  /** What the input speaks inside TLS, for those who ask (ALPN). */
  readonly alpn: readonly string[]
  /** Counts failed handshakes. */
  readonly metric: string
}

/** Does TLS as configured, with the certificate that is in the files; rejects when they cannot be used. */
export async function openAcceptor(options: AcceptorOptions, host: InputHost): Promise<TlsAcceptor> {
  const { tls: config, alpn, metric } = options
  const { clock, log, metrics, name, key, scope } = host
  const failures = metrics.counter(metric, 'TLS handshakes of senders that failed.', ['input', 'reason'])
  let version = await versionOf(config)
  const acceptor = createTlsAcceptor({
    materials: await readMaterials(config, key),
    clock,
    alpn,
    minVersion: config.minVersion,
    clientCertificates: config.ca === undefined ? 'none' : 'require',
    onFailure: (reason, from) => {
      failures.with(name, reason).inc()
      log.debug('handshake_failed', 'a sender did not finish TLS', { input: name, reason, from })
    },
  })
  scope.defer(() => acceptor.close())
  const renew = async () => {
    const now = await versionOf(config)
    if (now === version) return
    version = now
    try {
      acceptor.update(await readMaterials(config, key))
      log.info('certificate_renewed', `${key} shows a new certificate`)
    } catch (error) {
      log.error(
        'certificate_unusable',
        `${key} goes on with the old certificate: ${(error as Error).message}`,
      )
    }
  }
  const timer = clock.interval(LOOK_EVERY_MS, () => void renew())
  scope.defer(() => timer.cancel())
  return acceptor
}

async function readMaterials({ cert, key, ca }: ServerTlsConfig, option: string): Promise<TlsMaterials> {
  const read = async (path: string, name: string) => {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      throw new Error(`the file of ${option}.tls.${name} cannot be read: ${(error as Error).message}`)
    }
  }
  return {
    fallback: { chain: await read(cert, 'cert'), key: await read(key, 'key') },
    ...(ca === undefined ? {} : { trustBundle: await read(ca, 'ca') }),
  }
}

/** Changes when a file does. */
async function versionOf({ cert, key, ca }: ServerTlsConfig): Promise<string> {
  const files = [cert, key, ...(ca === undefined ? [] : [ca])]
  const versions = files.map(file =>
    stat(file).then(
      ({ mtimeMs, ino, size }) => `${mtimeMs}:${ino}:${size}`,
      () => 'missing',
    ),
  )
  return (await Promise.all(versions)).join(' ')
}
