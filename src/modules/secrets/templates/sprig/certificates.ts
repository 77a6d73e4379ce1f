import { createHash, createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { readElements } from '../../../../wire/der/read.ts'
import { encodePem } from '../../../../wire/pem/pem.ts'
import {
  certificateToSign,
  commonName,
  readIssuer,
  signatureAlgorithm,
  signedCertificate,
} from '../../../../wire/x509/certificate.ts'
import { Address } from '../sockaddr/address.ts'
import { privateKeyPem, readPrivateKey } from './keys.ts'

/** A certificate and its key, both PEM. */
export interface Pair {
  readonly Cert: string
  readonly Key: string
}

/** What a certificate is made for. */
export interface Subject {
  readonly name: string
  readonly addresses: readonly string[]
  readonly dnsNames: readonly string[]
  readonly days: number
}

const DAY_MS = 86_400_000

/** As sprig's genCA and its like make them: good from now on, for servers and clients. Without an issuer it signs itself. */
export function newCertificate(
  { name, addresses, dnsNames, days }: Subject,
  key: KeyObject,
  given: { readonly isAuthority?: boolean; readonly issuer?: Pair; readonly nowMs: number },
): Pair {
  const { isAuthority = false, issuer, nowMs } = given
  const signer = issuer === undefined ? key : readPrivateKey(issuer.Key)
  const algorithm = signatureAlgorithm(
    signer.asymmetricKeyType ?? '',
    signer.asymmetricKeyDetails?.namedCurve,
  )
  if (algorithm === undefined)
    throw new Error(`keys of the kind ${signer.asymmetricKeyType} sign no certificates`)
  const subject = commonName(name)
  const from = issuer === undefined ? undefined : issuerOf(issuer)
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const toSign = certificateToSign(
    {
      serial: randomBytes(16),
      issuer: from?.subject ?? subject,
      subject,
      notBefore: new Date(nowMs),
      notAfter: new Date(nowMs + days * DAY_MS),
      publicKey,
      isAuthority,
      dnsNames,
      addresses: addresses.map(address => Uint8Array.from(Address.parse(address).octets())),
      subjectKeyId: isAuthority ? keyId(publicKey) : undefined,
      authorityKeyId: from?.subjectKeyId,
    },
    algorithm,
  )
  const der = signedCertificate(toSign, algorithm, sign(algorithm.hash, toSign, signer))
  return { Cert: encodePem('CERTIFICATE', der), Key: privateKeyPem(key) }
}

function issuerOf({ Cert, Key }: Pair) {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(Cert)
  } catch {
    throw new Error('unable to decode certificate')
  }
  if (!certificate.checkPrivateKey(readPrivateKey(Key)))
    throw new Error('the key of the authority does not belong to its certificate')
  return readIssuer(certificate.raw)
}

/** SHA-1 of the bits of the public key (RFC 5280, section 4.2.1.2). */
function keyId(publicKey: Uint8Array): Uint8Array {
  const [, bits] = readElements(readElements(publicKey)[0]!.content)
  return createHash('sha1').update(bits!.content.subarray(1)).digest()
}
