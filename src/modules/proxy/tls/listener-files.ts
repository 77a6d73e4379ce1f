import type { KeyPair } from '../../../http/tls/certificate.ts'
import { parseAlternativeNames } from '../../../wire/spiffe/alternative-names.ts'
import { keyPairFrom } from '../identity/certificate-cell.ts'
import { readPem } from '../identity/pem-file.ts'
import type { ListenerTlsConfig } from './config.ts'

/** One certificate of a listener, as its files are now. */
export interface ListenerCertificate extends KeyPair {
  readonly file: string
  readonly names: readonly string[]
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** What the files of a listener's TLS hold. */
export interface ListenerFiles {
  readonly certificates: readonly ListenerCertificate[]
  readonly ca: string | undefined
}

export function filesOf({ certificates, ca }: ListenerTlsConfig): string[] {
  return [...certificates.flatMap(({ cert, key }) => [cert, key]), ...(ca === undefined ? [] : [ca])]
}

/** Reads them all; rejects with the first option whose file does not do, and why. */
export async function readListenerFiles({ certificates, ca }: ListenerTlsConfig): Promise<ListenerFiles> {
  return {
    certificates: await Promise.all(certificates.map((one, index) => readOne(one, `certificates[${index}]`))),
    ca: ca === undefined ? undefined : await readPem(ca, 'tls.ca', 'CERTIFICATE'),
  }
}

async function readOne(
  { cert, key, names }: ListenerTlsConfig['certificates'][number],
  at: string,
): Promise<ListenerCertificate> {
  const chain = await readPem(cert, `tls.${at}.cert`, 'CERTIFICATE')
  const secret = await readPem(key, `tls.${at}.key`, 'PRIVATE KEY')
  try {
    const { leaf, ...pair } = keyPairFrom(chain, secret)
    const found = parseAlternativeNames(leaf.subjectAltName ?? '') ?? []
    return {
      ...pair,
      file: cert,
      names: names ?? found.filter(({ type }) => type === 'DNS').map(({ value }) => value),
    }
  } catch (error) {
    throw new TypeError(`tls.${at}: ${(error as Error).message} (${cert}, ${key})`)
  }
}
