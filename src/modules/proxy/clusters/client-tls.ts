import { readFile } from 'node:fs/promises'
import type { ClientTls } from '../../../http/client/dial.ts'
import type { ClusterConfig } from './config.ts'

/** Reads the files that a cluster's TLS options name, as they are now. Rejects with the error of the file system. */
export async function readClientTls(tls: NonNullable<ClusterConfig['tls']>): Promise<ClientTls> {
  const { ca, cert, key, verify, serverName } = tls
  const [caPem, certPem, keyPem] = await Promise.all([ca, cert, key].map(path => path && readFile(path)))
  return {
    verify,
    ...(caPem && { ca: caPem }),
    ...(certPem && { cert: certPem }),
    ...(keyPem && { key: keyPem }),
    ...(serverName !== undefined && { serverName }),
  }
}
