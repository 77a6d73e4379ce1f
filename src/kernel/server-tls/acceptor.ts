import { readFile } from 'node:fs/promises'
import { type ClientCertificates, createTlsAcceptor, type TlsAcceptor } from '../../http/tls/acceptor.ts'
import type { TlsMaterials } from '../../http/tls/contexts.ts'
import type { HandshakeFailure } from '../../http/tls/failure.ts'
import { ConfigWatch } from '../lifecycle/config-watch.ts'
import type { Host } from '../module.ts'
import type { ServerTlsConfig } from './config.ts'

export interface ServerTlsOptions {
  readonly tls: ServerTlsConfig
  /** What the listener speaks inside TLS, for those who ask (ALPN); the preferred first. */
  readonly alpn: readonly string[]
  /** Where `tls` stands in the configuration, for messages: `logs.inputs[0].http`. */
  readonly key: string
  /** Of clients, where `tls.ca` is given. Default require. */
  readonly clientCertificates?: ClientCertificates
  /** A handshake that came to nothing. */
  readonly onFailure: (reason: HandshakeFailure, from: string) => void
}

/**
 * Does TLS as configured, with what is in the files now: it is taken over when they change, and what cannot be used
 * leaves the present certificate. Rejects when they cannot be used at the start. Ends with the scope.
 */
export async function openServerTls(
  options: ServerTlsOptions,
  host: Pick<Host, 'clock' | 'log' | 'scope'>,
): Promise<TlsAcceptor> {
  const { tls, alpn, key, onFailure, clientCertificates = 'require' } = options
  const { clock, log, scope } = host
  const acceptor = createTlsAcceptor({
    materials: await readMaterials(tls, key),
    clock,
    alpn,
    minVersion: tls.minVersion,
    clientCertificates: tls.ca === undefined ? 'none' : clientCertificates,
    onFailure,
  })
  scope.defer(() => acceptor.close())
  const renew = async () => {
    try {
      acceptor.update(await readMaterials(tls, key))
      log.info('certificate_renewed', `${key} shows a new certificate`)
    } catch (error) {
      const why = `${key} goes on with the old certificate: ${(error as Error).message}`
      log.error('certificate_unusable', why)
    }
  }
  const watch = new ConfigWatch(clock, () => void renew())
  scope.use(watch)
  await watch.watch([tls.cert, tls.key, ...(tls.ca === undefined ? [] : [tls.ca])])
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
