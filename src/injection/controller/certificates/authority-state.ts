import type { Signer } from '../../../authority/root.ts'
import type { KubernetesObject } from '../../../backends/kubernetes/resources.ts'
import { pemBlocks } from '../../../wire/pem/pem.ts'

/**
 * The authority of the webhook as the Secret keeps it. A new signer is announced first: it is trusted before anything
 * is signed with it, so that every certificate in use is trusted at every moment.
 */
export interface AuthorityState {
  readonly signer: Signer
  /** Trusted already, signs nothing yet. */
  readonly next: Signer | undefined
  /** PEM certificates, the newest first; what API servers trust. */
  readonly trusted: readonly string[]
}

const KEYS = {
  bundle: 'ca.crt',
  signer: { certificate: 'signer.crt', key: 'signer.key' },
  next: { certificate: 'next.crt', key: 'next.key' },
} as const

/** Undefined when the Secret is empty; throws TypeError, which says what is wrong, when it is no authority. */
export function readState(secret: KubernetesObject): AuthorityState | undefined {
  const data = (secret['data'] ?? {}) as Readonly<Record<string, string>>
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8')
  const pair = (keys: { certificate: string; key: string }): Signer | undefined => {
    const [certificate, key] = [text(keys.certificate), text(keys.key)]
    if (certificate === '' && key === '') return undefined
    if (certificate === '' || key === '')
      throw new TypeError(`${keys.certificate} and ${keys.key} go together, and one of them is empty`)
    checkPair(certificate, key, keys)
    return { certificate, key }
  }
  const trusted = certificatesOf(text(KEYS.bundle))
  const signer = pair(KEYS.signer)
  const next = pair(KEYS.next)
  if (signer === undefined && trusted.length === 0) return undefined
  if (signer === undefined) throw new TypeError(`${KEYS.signer.certificate} is missing`)
  for (const each of [signer, next])
    if (each !== undefined && !trusted.includes(certificatesOf(each.certificate)[0]!))
      throw new TypeError(`${KEYS.bundle} does not hold the certificate that signs`)
  return { signer, next, trusted }
}

/** For `data` of the Secret. Other keys of it stay. */
export function stateData(
  { signer, next, trusted }: AuthorityState,
  data: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const encoded = (text: string): string => Buffer.from(text).toString('base64')
  const { [KEYS.next.certificate]: _, [KEYS.next.key]: __, ...rest } = data
  return {
    ...rest,
    [KEYS.bundle]: encoded(trusted.join('')),
    [KEYS.signer.certificate]: encoded(signer.certificate),
    [KEYS.signer.key]: encoded(signer.key),
    ...(next && {
      [KEYS.next.certificate]: encoded(next.certificate),
      [KEYS.next.key]: encoded(next.key),
    }),
  }
}

/** From when to when a certificate is good, in milliseconds since the epoch. */
export function validity(pem: string): { readonly fromMs: number; readonly toMs: number } {
  const { X509Certificate } = process.getBuiltinModule('node:crypto')
  const { validFromDate, validToDate } = new X509Certificate(pem)
  return { fromMs: validFromDate.getTime(), toMs: validToDate.getTime() }
}

/** Each as a text of its own, in one form. */
export function certificatesOf(pem: string): string[] {
  return pemBlocks(pem)
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ der }) => {
      const lines =
        Buffer.from(der)
          .toString('base64')
          .match(/.{1,64}/g) ?? []
      return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
    })
}

function checkPair(certificate: string, key: string, keys: { certificate: string; key: string }): void {
  const { X509Certificate, createPrivateKey } = process.getBuiltinModule('node:crypto')
  let fits: boolean
  try {
    fits = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
  } catch (error) {
    throw new TypeError(`${keys.certificate} or ${keys.key} cannot be read`, { cause: error })
  }
  if (!fits) throw new TypeError(`${keys.key} is not the key of ${keys.certificate}`)
}
