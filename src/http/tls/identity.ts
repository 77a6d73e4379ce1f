import type { X509Certificate } from 'node:crypto'
import { parseAlternativeNames } from '../../wire/spiffe/alternative-names.ts'
import { parseSpiffeId, type SpiffeId } from '../../wire/spiffe/identity.ts'

/** Whom a peer's certificate must name. */
export interface ExpectedIdentity {
  /** Any domain when absent. */
  readonly trustDomain?: string
  /** SPIFFE URIs, one of which it must be; any identity of the trust domain when absent. */
  readonly oneOf?: readonly string[]
}

/**
 * The SPIFFE ID that a certificate names: exactly one URI, and no authority's certificate (X509-SVID sections 2 and 4).
 * Says nothing of who issued it.
 */
export function identityOf(
  certificate: Pick<X509Certificate, 'subjectAltName' | 'ca'>,
): SpiffeId | undefined {
  if (certificate.ca || certificate.subjectAltName === undefined) return undefined
  const uris = parseAlternativeNames(certificate.subjectAltName)?.filter(name => name.type === 'URI')
  return uris?.length === 1 ? parseSpiffeId(uris[0]!.value) : undefined
}

/** Why the identity is not the expected one; undefined when it is. */
export function identityProblem(
  identity: SpiffeId | undefined,
  expected: ExpectedIdentity,
): string | undefined {
  if (identity === undefined) return 'its certificate names no SPIFFE identity'
  if (expected.trustDomain !== undefined && identity.trustDomain !== expected.trustDomain)
    return `it is ${identity.uri}, which is not of the trust domain ${expected.trustDomain}`
  if (expected.oneOf === undefined || expected.oneOf.includes(identity.uri)) return undefined
  return `it is ${identity.uri}, expected ${expected.oneOf.join(' or ') || 'nobody'}`
}
