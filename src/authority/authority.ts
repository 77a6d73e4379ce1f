import { pemBlocks } from '../wire/pem/pem.ts'
import { parseSpiffeId, type SpiffeId } from '../wire/spiffe/identity.ts'
import { BACKDATED_MS, type Signer } from './root.ts'
import { ALGORITHM, loadX509, newSerial } from './x509.ts'

/** A certificate to issue. All that it will say comes from here, nothing from a request. */
export interface Leaf {
  /** DER of a SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  readonly identity: SpiffeId
  readonly dnsNames?: readonly string[]
  readonly addresses?: readonly string[]
  readonly lifetimeMs: number
}

export interface Issued {
  /** PEM: the certificate, then the intermediate if there is one. */
  readonly chain: string
  /** Hexadecimal. */
  readonly serial: string
  readonly identity: string
  readonly notAfterMs: number
}

/** Issues certificates of one trust domain. Knows neither files nor callers. */
export interface Authority {
  readonly trustDomain: string
  /** PEM of the root. */
  readonly trustBundle: string
  /** Throws RangeError for an identity of another trust domain, and Error when its own certificate has expired. */
  issue(leaf: Leaf): Promise<Issued>
}

export interface AuthorityOptions {
  readonly clock: { now(): number }
  /** PEM. */
  readonly rootCertificate: string
  /** The root itself, or an intermediate that the root has signed. */
  readonly signer: Signer
}

/** Throws TypeError for certificates or a key that cannot be used. */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const { clock, rootCertificate, signer } = options
  const x509 = await loadX509()
  const crypto = globalThis.crypto
  const root = readCertificate(rootCertificate, 'the root certificate')
  const own = readCertificate(signer.certificate, 'the certificate that signs')
  const trustDomain = trustDomainOf(root)
  const isRoot = Buffer.from(root.rawData).equals(Buffer.from(own.rawData))
  if (!isRoot && !(await own.verify({ publicKey: root.publicKey, signatureOnly: true })))
    throw new TypeError('the certificate that signs was not issued by the root certificate')
  const signingKey = await readKey(signer.key)
  await checkPair()
  return { trustDomain, trustBundle: rootCertificate, issue }

  async function issue(leaf: Leaf): Promise<Issued> {
    if (leaf.identity.trustDomain !== trustDomain)
      throw new RangeError(`${leaf.identity.uri} is not of the trust domain ${trustDomain}`)
    const nowMs = clock.now()
    const endMs = Math.min(nowMs + leaf.lifetimeMs, own.notAfter.getTime(), root.notAfter.getTime())
    if (endMs <= nowMs)
      throw new Error('the certificate of the authority has expired; make a new one with outrigger ca init')
    const serial = newSerial()
    const publicKey = new x509.PublicKey(leaf.publicKey as Uint8Array<ArrayBuffer>)
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial,
      subject: `O=${trustDomain}`,
      issuer: own.subject,
      notBefore: new Date(Math.max(nowMs - BACKDATED_MS, own.notBefore.getTime())),
      notAfter: new Date(endMs),
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          x509.ExtendedKeyUsage.serverAuth,
          x509.ExtendedKeyUsage.clientAuth,
        ]),
        new x509.SubjectAlternativeNameExtension([
          { type: 'url', value: leaf.identity.uri },
          ...(leaf.dnsNames ?? []).map(value => ({ type: 'dns' as const, value })),
          ...(leaf.addresses ?? []).map(value => ({ type: 'ip' as const, value })),
        ]),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(own.publicKey),
      ],
    })
    const pem = `${certificate.toString('pem')}\n`
    const chain = isRoot ? pem : `${pem}${signer.certificate}`
    return { chain, serial, identity: leaf.identity.uri, notAfterMs: certificate.notAfter.getTime() }
  }

  function readCertificate(pem: string, what: string) {
    const [block] = pemBlocks(pem).filter(each => each.label === 'CERTIFICATE')
    if (block === undefined) throw new TypeError(`${what} is not in PEM form`)
    return new x509.X509Certificate(block.der as Buffer<ArrayBuffer>)
  }

  async function readKey(pem: string): Promise<CryptoKey> {
    const [block] = pemBlocks(pem).filter(each => each.label === 'PRIVATE KEY')
    if (block === undefined) throw new TypeError('the key of the authority is not in PEM form (PKCS #8)')
    try {
      return await crypto.subtle.importKey('pkcs8', block.der as Buffer<ArrayBuffer>, ALGORITHM, false, [
        'sign',
      ])
    } catch (error) {
      throw new TypeError('the key of the authority is no ECDSA key over P-256', { cause: error })
    }
  }

  /** A key that belongs to another certificate would issue what nobody accepts. */
  async function checkPair(): Promise<void> {
    const probe = Buffer.from('outrigger')
    const signature = await crypto.subtle.sign(ALGORITHM, signingKey, probe)
    const publicKey = await own.publicKey.export(ALGORITHM, ['verify'])
    if (!(await crypto.subtle.verify(ALGORITHM, publicKey, signature, probe)))
      throw new TypeError('the key of the authority does not belong to its certificate')
  }

  function trustDomainOf(certificate: InstanceType<typeof x509.X509Certificate>): string {
    const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? []
    const ids = names.flatMap(({ type, value }) => (type === 'url' ? [parseSpiffeId(value)] : []))
    const [id] = ids
    if (ids.length !== 1 || id === undefined)
      throw new TypeError('the root certificate names no trust domain (a URI such as spiffe://example.org)')
    return id.trustDomain
  }
}
