import {
  bitString,
  concat,
  element,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  smallInteger,
  tagged,
  utf8String,
} from '../der/encode.ts'
import { readElements } from '../der/read.ts'

/** What a certificate says (RFC 5280, section 4.1). Names and keys are DER. */
export interface CertificateContent {
  /** Big-endian, at most 20 octets. */
  readonly serial: Uint8Array
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  readonly isAuthority: boolean
  readonly dnsNames: readonly string[]
  /** Of 4 or 16 octets. */
  readonly addresses: readonly Uint8Array[]
  readonly subjectKeyId: Uint8Array | undefined
  readonly authorityKeyId: Uint8Array | undefined
}

/** How certificates are signed; `hash` for node:crypto's `sign`, null where the algorithm has its own. */
export interface SignatureAlgorithm {
  readonly identifier: Uint8Array
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null
}

const algorithm = (oid: string, hash: SignatureAlgorithm['hash'], ...parameters: Uint8Array[]) => ({
  identifier: sequence(objectIdentifier(oid), ...parameters),
  hash,
})

/** RFC 4055, RFC 5758, RFC 8410. */
const ALGORITHMS: Readonly<Record<string, SignatureAlgorithm>> = {
  rsa: algorithm('1.2.840.113549.1.1.11', 'sha256', element(0x05, new Uint8Array())),
  'ec:prime256v1': algorithm('1.2.840.10045.4.3.2', 'sha256'),
  'ec:secp384r1': algorithm('1.2.840.10045.4.3.3', 'sha384'),
  'ec:secp521r1': algorithm('1.2.840.10045.4.3.4', 'sha512'),
  ed25519: algorithm('1.3.101.112', null),
}

/** By the kind of key as node:crypto calls it, and its curve. Undefined for keys that sign no certificates. */
export function signatureAlgorithm(kind: string, curve?: string): SignatureAlgorithm | undefined {
  return ALGORITHMS[kind === 'ec' ? `ec:${curve}` : kind]
}

/** The part that is signed. */
export function certificateToSign(
  content: CertificateContent,
  { identifier }: SignatureAlgorithm,
): Uint8Array {
  const { serial, issuer, subject, notBefore, notAfter, publicKey } = content
  return sequence(
    element(0xa0, smallInteger(2)),
    element(0x02, positive(serial)),
    identifier,
    issuer,
    sequence(time(notBefore), time(notAfter)),
    subject,
    publicKey,
    element(0xa3, sequence(...extensionsOf(content))),
  )
}

/** DER of the whole certificate. */
export function signedCertificate(
  toSign: Uint8Array,
  { identifier }: SignatureAlgorithm,
  signature: Uint8Array,
): Uint8Array {
  return sequence(toSign, identifier, bitString(signature))
}

/** A name that has a common name only. */
export function commonName(text: string): Uint8Array {
  return text === '' ? sequence() : sequence(setOf(sequence(objectIdentifier('2.5.4.3'), utf8String(text))))
}

/** What issuing by a certificate takes from it. Throws RangeError for what is no certificate. */
export function readIssuer(der: Uint8Array): {
  readonly subject: Uint8Array
  readonly subjectKeyId: Uint8Array | undefined
} {
  const fields = readElements(inside(inside(der)))
  // The version may be left out.
  const at = fields[0]?.tag === 0xa0 ? 1 : 0
  const subject = fields[at + 4]
  if (subject === undefined) throw new RangeError('is no certificate')
  const extensions = fields.find(({ tag }) => tag === 0xa3)
  const id = Buffer.from(objectIdentifier(OID.subjectKeyId))
  const found =
    extensions &&
    readElements(inside(extensions.content))
      .map(({ content }) => readElements(content))
      .find(([name]) => name !== undefined && id.equals(name.whole))
  return { subject: subject.whole, subjectKeyId: found && inside(found.at(-1)!.content) }
}

function inside(der: Uint8Array): Uint8Array {
  const [first] = readElements(der)
  if (first === undefined) throw new RangeError('is no certificate')
  return first.content
}

const OID = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const

const TRUE = element(0x01, Uint8Array.of(0xff))
/** The number of bits that do not count, then digitalSignature and keyEncipherment; of an authority keyCertSign too. */
const KEY_USAGE = { leaf: Uint8Array.of(5, 0xa0), authority: Uint8Array.of(2, 0xa4) }

function extensionsOf(content: CertificateContent): Uint8Array[] {
  const { isAuthority, subjectKeyId, authorityKeyId, dnsNames, addresses } = content
  const names = [
    ...dnsNames.map(name => tagged(2, Buffer.from(name, 'latin1'), false)),
    ...addresses.map(address => tagged(7, address, false)),
  ]
  return [
    extension(OID.keyUsage, element(0x03, isAuthority ? KEY_USAGE.authority : KEY_USAGE.leaf), true),
    extension(
      OID.extendedKeyUsage,
      sequence(objectIdentifier(OID.serverAuth), objectIdentifier(OID.clientAuth)),
    ),
    extension(OID.basicConstraints, isAuthority ? sequence(TRUE) : sequence(), true),
    ...(subjectKeyId === undefined ? [] : [extension(OID.subjectKeyId, octetString(subjectKeyId))]),
    ...(authorityKeyId === undefined
      ? []
      : [extension(OID.authorityKeyId, sequence(tagged(0, authorityKeyId, false)))]),
    ...(names.length === 0 ? [] : [extension(OID.alternativeNames, sequence(...names))]),
  ]
}

function extension(oid: string, value: Uint8Array, isCritical = false): Uint8Array {
  return sequence(objectIdentifier(oid), ...(isCritical ? [TRUE] : []), octetString(value))
}

/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280, section 4.1.2.5). */
function time(date: Date): Uint8Array {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '')
  const isShort = date.getUTCFullYear() < 2050
  return element(isShort ? 0x17 : 0x18, Buffer.from(isShort ? digits.slice(2) : digits))
}

function positive(bytes: Uint8Array): Uint8Array {
  return bytes[0]! >= 0x80 ? concat([Uint8Array.of(0), bytes]) : bytes
}
