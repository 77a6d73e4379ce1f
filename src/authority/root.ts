import type { webcrypto } from 'node:crypto'
import { encodePem } from '../wire/pem/pem.ts'
import { isTrustDomain } from '../wire/spiffe/identity.ts'
import { ALGORITHM, loadX509, newKeys, newSerial } from './x509.ts'

/** A certificate of an authority and the key that signs with it, both PEM. */
export interface Signer {
  readonly certificate: string
  readonly key: string
}

export interface NewAuthority {
  readonly root: Signer
  /** Signs in place of the root, whose key can then be kept elsewhere. */
  readonly intermediate?: Signer
}

export interface RootOptions {
  readonly trustDomain: string
  readonly nowMs: number
  readonly intermediate?: boolean
  /** Of the root; an intermediate lives half as long. Default ten years. */
  readonly lifetimeMs?: number
}

const TEN_YEARS_MS = 10 * 365 * 24 * 3600_000
/** Clocks differ a little. */
export const BACKDATED_MS = 60_000

/** Makes the keys and certificates of a new authority. Throws RangeError for a name that is no trust domain. */
export async function createAuthority(options: RootOptions): Promise<NewAuthority> {
  const { trustDomain, nowMs, intermediate = false, lifetimeMs = TEN_YEARS_MS } = options
  if (!isTrustDomain(trustDomain))
    throw new RangeError(
      `${JSON.stringify(trustDomain)} is no trust domain; write lower case letters, digits, dots, - and _`,
    )
  const x509 = await loadX509()
  const make = async (name: string, depth: number, endMs: number, parent?: Made): Promise<Made> => {
    const keys = await newKeys()
    const subject = `CN=Outrigger ${name}, O=${trustDomain}`
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerial(),
      subject,
      issuer: parent?.subject ?? subject,
      notBefore: new Date(nowMs - BACKDATED_MS),
      notAfter: new Date(endMs),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: parent?.keys.privateKey ?? keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(true, depth, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${trustDomain}` }]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(parent?.keys.publicKey ?? keys.publicKey),
      ],
    })
    const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
    const signer = { certificate: `${certificate.toString('pem')}\n`, key: encodePem('PRIVATE KEY', key) }
    return { subject, keys, signer }
  }
  const root = await make('root', intermediate ? 1 : 0, nowMs + lifetimeMs)
  if (!intermediate) return { root: root.signer }
  const below = await make('intermediate', 0, nowMs + lifetimeMs / 2, root)
  return { root: root.signer, intermediate: below.signer }
}

interface Made {
  readonly subject: string
  readonly keys: webcrypto.CryptoKeyPair
  readonly signer: Signer
}
