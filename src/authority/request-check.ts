import { pemBlocks } from '../wire/pem/pem.ts'
import type { Grant } from './grant.ts'
import { loadX509 } from './x509.ts'

/** What a good request is about. */
export interface CheckedRequest {
  /** DER of a SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  readonly dnsNames: readonly string[]
}

/** The request is refused; `message` says why in words that may be shown to its sender. */
export class RequestRefused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RequestRefused'
  }
}

const CURVES = new Set(['prime256v1', 'secp384r1'])
const MAX_DNS_NAMES = 32

/**
 * Checks a PEM certificate request against what its sender may have: one request, a good signature (the sender holds
 * the key), an elliptic key, the granted identity and no other, no wish to be an authority. Throws RequestRefused.
 */
export async function checkRequest(pem: string, grant: Grant): Promise<CheckedRequest> {
  const blocks = pemBlocks(pem)
  const [block] = blocks
  if (blocks.length !== 1 || !/^(NEW )?CERTIFICATE REQUEST$/.test(block!.label))
    throw new RequestRefused('expected one certificate request in PEM form')
  const x509 = await loadX509()
  const request = await readRequest(x509, block!.der)
  const publicKey = new Uint8Array(request.publicKey.rawData)
  checkKey(publicKey)
  if (!(await request.verify().catch(() => false)))
    throw new RequestRefused('the signature of the request is wrong')
  return { publicKey, dnsNames: checkExtensions(x509, request, grant) }
}

type X509 = typeof import('@peculiar/x509')
type Request = InstanceType<X509['Pkcs10CertificateRequest']>

async function readRequest(x509: X509, der: Buffer): Promise<Request> {
  try {
    const request = new x509.Pkcs10CertificateRequest(der as Buffer<ArrayBuffer>)
    // Read lazily by the library: whatever does not hold together shows here.
    void [request.publicKey.rawData, request.extensions.length, request.subject]
    return request
  } catch {
    throw new RequestRefused('the certificate request cannot be read')
  }
}

function checkKey(spki: Uint8Array): void {
  const { createPublicKey } = process.getBuiltinModule('node:crypto')
  let curve: string | undefined
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    curve = key.asymmetricKeyType === 'ec' ? key.asymmetricKeyDetails?.namedCurve : undefined
  } catch {
    throw new RequestRefused('the public key of the request cannot be read')
  }
  if (curve === undefined || !CURVES.has(curve))
    throw new RequestRefused('the key of the request must be an elliptic one over P-256 or P-384')
}

function checkExtensions(x509: X509, request: Request, grant: Grant): string[] {
  const { BasicConstraintsExtension, KeyUsagesExtension, SubjectAlternativeNameExtension } = x509
  const oids = request.extensions.map(extension => extension.type)
  if (new Set(oids).size !== oids.length) throw new RequestRefused('the request has the same extension twice')
  for (const extension of request.extensions) {
    if (extension instanceof BasicConstraintsExtension && extension.ca)
      throw new RequestRefused('the request wants the certificate of an authority')
    if (extension instanceof KeyUsagesExtension && extension.usages & x509.KeyUsageFlags.keyCertSign)
      throw new RequestRefused('the request wants to sign certificates')
  }
  const names =
    request.extensions.find(each => each instanceof SubjectAlternativeNameExtension)?.names.items ?? []
  return checkNames(names, grant)
}

function checkNames(names: readonly { type: string; value: string }[], grant: Grant): string[] {
  const uris = names.filter(name => name.type === 'url').map(name => name.value)
  if (uris.length !== 1 || uris[0] !== grant.identity.uri)
    throw new RequestRefused(`the request must name ${grant.identity.uri} and no other URI`)
  const dnsNames = names.filter(name => name.type === 'dns').map(name => name.value)
  if (dnsNames.length > MAX_DNS_NAMES) throw new RequestRefused('the request has too many DNS names')
  const foreign = dnsNames.find(name => !grant.dnsNames.includes(name))
  if (foreign !== undefined)
    throw new RequestRefused(`the DNS name ${JSON.stringify(foreign)} is not granted`)
  if (names.length > dnsNames.length + 1)
    throw new RequestRefused('the request may have URI and DNS names only')
  return dnsNames
}
