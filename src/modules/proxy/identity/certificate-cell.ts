import type { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Certificate, CertificateSource, KeyPair } from '../../../http/tls/certificate.ts'
import { identityOf } from '../../../http/tls/identity.ts'
import { pemBlocks } from '../../../wire/pem/pem.ts'

/** Holds the certificate of a source, and tells of each change. */
export class CertificateCell implements CertificateSource {
  #current: Certificate
  readonly #calls = new Set<() => void>()

  constructor(first: Certificate) {
    this.#current = first
  }

  current(): Certificate {
    return this.#current
  }

  onChange(call: () => void): () => void {
    // One entry for each registration, also of the same function.
    const entry = () => call()
    this.#calls.add(entry)
    return () => void this.#calls.delete(entry)
  }

  set(next: Certificate): void {
    this.#current = next
    for (const call of [...this.#calls]) call()
  }
}

/** Reads PEM texts, which must belong together. Throws TypeError that says which does not fit. */
export function certificateFrom(texts: {
  readonly chain: string
  readonly key: string
  readonly trustBundle: string
}): Certificate {
  const { leaf, ...pair } = keyPairFrom(texts.chain, texts.key)
  readCertificate(texts.trustBundle, 'the trust bundle')
  return { ...pair, trustBundle: texts.trustBundle, identity: identityOf(leaf)?.uri }
}

/** The same without authorities. */
export function keyPairFrom(
  chain: string,
  key: string,
): KeyPair & Pick<Certificate, 'notBeforeMs' | 'notAfterMs'> & { readonly leaf: X509Certificate } {
  const leaf = readCertificate(chain, 'the certificate')
  let secret: ReturnType<typeof createPrivateKey>
  try {
    secret = process.getBuiltinModule('node:crypto').createPrivateKey(key)
  } catch {
    // The library's message could quote what it has read.
    throw new TypeError('the key cannot be read; expected a private key in PEM form without a passphrase')
  }
  if (!leaf.checkPrivateKey(secret)) throw new TypeError('the key does not belong to the certificate')
  return {
    chain,
    key,
    leaf,
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
  }
}

function readCertificate(text: string, what: string): X509Certificate {
  const block = pemBlocks(text).find(each => each.label === 'CERTIFICATE')
  if (block === undefined) throw new TypeError(`${what} holds no certificate in PEM form`)
  try {
    return new (process.getBuiltinModule('node:crypto').X509Certificate)(block.der)
  } catch (error) {
    throw new TypeError(`${what} cannot be read: ${(error as Error).message}`)
  }
}
