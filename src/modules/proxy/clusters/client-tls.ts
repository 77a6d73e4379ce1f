import type { ClientTls } from '../../../http/client/dial.ts'
import type { Identity } from '../identity/identity.ts'
import { readPem } from '../identity/pem-file.ts'
import type { ClusterConfig } from './config.ts'

type TlsConfig = NonNullable<ClusterConfig['tls']>

/** Reads the files that a cluster's TLS options name, as they are now; rejects with the option whose file does not do. */
export async function readClientTls(tls: TlsConfig, identity?: Identity): Promise<ClientTls> {
  const { mode, ca, cert, key, verify, serverName } = tls
  const expected = { ...(serverName !== undefined && { serverName }), ...peerOf(tls, identity) }
  if (mode === 'identity' && identity !== undefined) return { source: identity, ...expected }
  return {
    verify,
    ...(ca !== undefined && { ca: await readPem(ca, 'tls.ca', 'CERTIFICATE') }),
    ...(cert !== undefined && { cert: await readPem(cert, 'tls.cert', 'CERTIFICATE') }),
    ...(key !== undefined && { key: await readPem(key, 'tls.key', 'PRIVATE KEY') }),
    ...expected,
  }
}

/** Whom endpoints must be; empty: who they are asked for by host name. */
function peerOf(
  { mode, subjectAltNames }: TlsConfig,
  identity: Identity | undefined,
): Pick<ClientTls, 'verifyIdentity' | 'verifyNames'> {
  if (subjectAltNames === undefined) {
    const trustDomain = mode === 'identity' ? identity?.trustDomain : undefined
    return trustDomain === undefined ? {} : { verifyIdentity: { trustDomain } }
  }
  const oneOf = subjectAltNames.filter(name => name.startsWith('spiffe:'))
  const verifyNames = subjectAltNames.filter(name => !name.startsWith('spiffe:'))
  return { ...(oneOf.length > 0 && { verifyIdentity: { oneOf } }), verifyNames }
}
