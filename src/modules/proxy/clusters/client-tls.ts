import type { ClientTls } from '../../../http/client/dial.ts'
import type { Identity } from '../identity/identity.ts'
import { readPem } from '../identity/pem-file.ts'
import type { Endpoint } from './cluster.ts'
import type { ClusterConfig } from './config.ts'

type TlsConfig = NonNullable<ClusterConfig['tls']>

/** Reads the files that a cluster's TLS options name, as they are now; rejects with the option whose file does not do. */
export async function readClientTls(tls: TlsConfig, identity?: Identity): Promise<ClientTls> {
  const { mode, ca, cert, key, verify, serverName } = tls
  const expected = { ...(serverName !== undefined && { serverName }), ...peerOf(tls) }
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
  return tls !== undefined || (identity?.isConfigured === true && endpoint.identity !== undefined)
}

/** How to reach one endpoint, `keys` being those of its cluster; undefined: without TLS. */
export function endpointTls(
  { tls }: Pick<ClusterConfig, 'tls'>,
  endpoint: Pick<Endpoint, 'identity'>,
  keys: ClientTls | undefined,
  identity: Identity | undefined,
): ClientTls | undefined {
  if (tls?.mode === 'simple' || tls?.subjectAltNames !== undefined || identity?.isConfigured !== true)
    return keys
  if (endpoint.identity !== undefined)
    return { ...keys, source: identity, verifyIdentity: { oneOf: [endpoint.identity] } }
  const trustDomain = tls && identity.trustDomain
  return trustDomain === undefined ? keys : { ...keys, verifyIdentity: { trustDomain } }
}

/** Whom endpoints must be; empty: who they are asked for by host name. */
function peerOf({ subjectAltNames }: TlsConfig): Pick<ClientTls, 'verifyIdentity' | 'verifyNames'> {
  if (subjectAltNames === undefined) return {}
  const oneOf = subjectAltNames.filter(name => name.startsWith('spiffe:'))
  const verifyNames = subjectAltNames.filter(name => !name.startsWith('spiffe:'))
  return { ...(oneOf.length > 0 && { verifyIdentity: { oneOf } }), verifyNames }
}
