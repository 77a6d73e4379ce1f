import type { X509Certificate } from 'node:crypto'
import { parseAlternativeNames } from '../../../wire/spiffe/alternative-names.ts'

/** What becomes of X-Forwarded-Client-Cert; Envoy's forward_client_cert_details. */
export const CLIENT_CERT_MODES = [
  'sanitize',
  'sanitize_set',
  'append_forward',
  'forward_only',
  'always_forward_only',
] as const
export type ClientCertMode = (typeof CLIENT_CERT_MODES)[number]

/** Whether what the client sent in the field goes on. `known` = it has shown a certificate. */
export function keepsClientCert(mode: ClientCertMode, known: boolean): boolean {
  return mode === 'always_forward_only' || (known && (mode === 'append_forward' || mode === 'forward_only'))
}

/** Whether this hop tells of the client. */
export function tellsClientCert(mode: ClientCertMode): boolean {
  return mode === 'sanitize_set' || mode === 'append_forward'
}

/** One element of the field as Envoy writes it: `By=…;Hash=…;Subject="…";URI=…;DNS=…`. `by` is our own identity. */
export function clientCertElement(certificate: X509Certificate, by: string | undefined): string {
  const parts = by === undefined ? [] : [`By=${quoted(by)}`]
  parts.push(`Hash=${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`)
  parts.push(`Subject="${escaped(subjectOf(certificate))}"`)
  for (const { type, value } of parseAlternativeNames(certificate.subjectAltName ?? '') ?? [])
    if (type === 'URI' || type === 'DNS') parts.push(`${type}=${quoted(value)}`)
  return parts.join(';')
}

/** RFC 2253 puts the most specific first, the certificate last. */
function subjectOf({ subject }: X509Certificate): string {
  return subject?.split('\n').reverse().join(',') ?? ''
}

function quoted(value: string): string {
  return /^[\x21-\x7e]*$/.test(value) && !/[",;=]/.test(value) ? value : `"${escaped(value)}"`
}

/** Bytes that a field may not hold cannot come from a well-meant certificate. */
function escaped(value: string): string {
  return value.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')
}
