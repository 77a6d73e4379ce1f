import type { ClientTls } from '../../../http/client/dial.ts'
import type { Identity } from '../identity/identity.ts'
import { readPem } from '../identity/pem-file.ts'
import type { Endpoint } from './cluster.ts'
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

/**
 * Whether an endpoint is reached by TLS: its cluster says so, or it names the identity that is to be met there, and
 * this sidecar has one to show.
 */
export function isSecure(
  { tls }: Pick<ClusterConfig, 'tls'>,
  endpoint: Pick<Endpoint, 'identity'>,
  identity: Identity | undefined,
): boolean {
  return tls !== undefined || (identity !== undefined && endpoint.identity !== undefined)
}

/** How to reach one endpoint, `keys` being those of its cluster; undefined: without TLS. */
export function endpointTls(
  { tls }: Pick<ClusterConfig, 'tls'>,
  endpoint: Pick<Endpoint, 'identity'>,
  keys: ClientTls | undefined,
  identity: Identity | undefined,
): ClientTls | undefined {
  const goesByEndpoint = tls === undefined || (tls.mode === 'identity' && tls.subjectAltNames === undefined)
  if (!goesByEndpoint || identity === undefined || endpoint.identity === undefined) return keys
  return { ...keys, source: identity, verifyIdentity: { oneOf: [endpoint.identity] } }
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
