import {
  bitString,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  smallInteger,
  tagged,
} from '../der/encode.ts'
import { commonName } from '../x509/certificate.ts'

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17'
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'
const GENERAL_NAME = { dns: 2, uri: 6 } as const

export interface CertificateRequest {
  /** DER of a SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  /** ASCII. */
  readonly uris: readonly string[]
  readonly dnsNames?: readonly string[]
  /** The subject is empty without it. */
  readonly commonName?: string
}

/** What the requester signs with ECDSA and SHA-256: CertificationRequestInfo, RFC 2986 section 4.1. */
export function requestToSign(request: CertificateRequest): Uint8Array {
  const names = [
    ...request.uris.map(uri => tagged(GENERAL_NAME.uri, ascii(uri), false)),
    ...(request.dnsNames ?? []).map(name => tagged(GENERAL_NAME.dns, ascii(name), false)),
  ]
  const alternativeName = sequence(
    objectIdentifier(SUBJECT_ALTERNATIVE_NAME),
    octetString(sequence(...names)),
  )
  const extensions = sequence(objectIdentifier(EXTENSION_REQUEST), setOf(sequence(alternativeName)))
  return sequence(
    smallInteger(0),
    commonName(request.commonName ?? ''),
    request.publicKey,
    tagged(0, extensions, true),
  )
}

/** The whole request as DER; `signature` as ECDSA-Sig-Value (DER), over the bytes of `requestToSign`. */
export function signedRequest(toSign: Uint8Array, signature: Uint8Array): Uint8Array {
  return sequence(toSign, sequence(objectIdentifier(ECDSA_WITH_SHA256)), bitString(signature))
}

/** IA5String, RFC 5280 section 4.2.1.6. */
function ascii(text: string): Uint8Array {
  if (!/^[\x21-\x7e]*$/.test(text))
    throw new RangeError(`a name in a certificate request must be ASCII, got ${JSON.stringify(text)}`)
  return new TextEncoder().encode(text)
}
