/** A SPIFFE ID (the SPIFFE-ID standard, section 2): `spiffe://TRUST-DOMAIN/PATH`. */
export interface SpiffeId {
  /** The whole URI. */
  readonly uri: string
  readonly trustDomain: string
  /** Begins with a slash; empty for the trust domain itself. */
  readonly path: string
}

const MAX_BYTES = 2048
const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/
const SEGMENT = /^[a-zA-Z0-9._-]+$/
/** Kubernetes names: namespaces are labels, service accounts subdomains. */
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const SERVICE_ACCOUNT = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/

/** undefined for what is no SPIFFE ID: another scheme, a port, a query, upper-case domain, empty or dot segments, encoded characters. */
export function parseSpiffeId(uri: string): SpiffeId | undefined {
  if (uri.length > MAX_BYTES || !uri.startsWith('spiffe://')) return undefined
  const slash = uri.indexOf('/', 9)
  const trustDomain = slash === -1 ? uri.slice(9) : uri.slice(9, slash)
  const path = slash === -1 ? '' : uri.slice(slash)
  if (!isTrustDomain(trustDomain)) return undefined
  if (path !== '' && !path.slice(1).split('/').every(isSegment)) return undefined
  return { uri, trustDomain, path }
}

export function isTrustDomain(text: string): boolean {
  return TRUST_DOMAIN.test(text)
}

/** `spiffe://TRUST/ns/NS/sa/SA`; throws RangeError for names that Kubernetes would refuse. */
export function workloadId(trustDomain: string, namespace: string, serviceAccount: string): SpiffeId {
  const check = (ok: boolean, what: string, got: string): void => {
    if (!ok) throw new RangeError(`${JSON.stringify(got)} is no ${what}`)
  }
  check(
    isTrustDomain(trustDomain),
    'trust domain; write lower case letters, digits, dots, - and _',
    trustDomain,
  )
  check(NAMESPACE.test(namespace), 'namespace; write lower case letters, digits and -', namespace)
  check(
    SERVICE_ACCOUNT.test(serviceAccount),
    'service account; write lower case letters, digits, - and dots',
    serviceAccount,
  )
  const path = `/ns/${namespace}/sa/${serviceAccount}`
  return { uri: `spiffe://${trustDomain}${path}`, trustDomain, path }
}

function isSegment(segment: string): boolean {
  return segment !== '.' && segment !== '..' && SEGMENT.test(segment)
}
