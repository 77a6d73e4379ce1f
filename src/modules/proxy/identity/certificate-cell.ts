import type { X509Certificate } from 'node:crypto'
import type { Certificate, CertificateSource } from '../../../http/tls/certificate.ts'
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
  const { X509Certificate, createPrivateKey } = process.getBuiltinModule('node:crypto')
  const read = (text: string, what: string): X509Certificate => {
    const block = pemBlocks(text).find(each => each.label === 'CERTIFICATE')
    if (block === undefined) throw new TypeError(`${what} holds no certificate in PEM form`)
    try {
      return new X509Certificate(block.der)
    } catch (error) {
      throw new TypeError(`${what} cannot be read: ${(error as Error).message}`)
    }
  }
  const leaf = read(texts.chain, 'the certificate')
  read(texts.trustBundle, 'the trust bundle')
  let key: ReturnType<typeof createPrivateKey>
  try {
    key = createPrivateKey(texts.key)
  } catch {
    // The library's message could quote what it has read.
    throw new TypeError('the key cannot be read; expected a private key in PEM form without a passphrase')
  }
  if (!leaf.checkPrivateKey(key)) throw new TypeError('the key does not belong to the certificate')
  return { ...texts, identity: identityOf(leaf)?.uri, notAfterMs: leaf.validToDate.getTime() }
}
