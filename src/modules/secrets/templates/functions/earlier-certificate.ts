import { createPrivateKey, X509Certificate } from 'node:crypto'
import { JsonNumber, type LosslessJson } from '../../../../wire/json/lossless.ts'
import { SecretValue } from '../../secret/value.ts'

/**
 * The certificate that an earlier process has written into the same file, with its key, as the PKI engine gave it: as with
 * consul-template, whoever starts again needs no other one. Undefined where it is not whole, or not for what is asked for now.
 */
export function certificateIn(
  text: string | undefined,
  asked: ReadonlyMap<string, LosslessJson>,
): SecretValue | undefined {
  if (text === undefined) return undefined
  try {
    const pems = text.match(PEM) ?? []
    const keys = pems.filter(pem => /^-----BEGIN [A-Z ]*PRIVATE KEY/.test(pem))
    const certificates = pems
      .filter(pem => pem.startsWith('-----BEGIN CERTIFICATE'))
      .map(pem => ({ pem, is: new X509Certificate(pem) }))
    const own = certificates.filter(({ is }) => !is.ca)
    const chain = certificates.filter(({ is }) => is.ca).map(({ pem }) => pem)
    const [key, leaf] = [keys[0], own[0]]
    if (key === undefined || leaf === undefined || keys.length > 1 || own.length > 1) return undefined
    if (!leaf.is.checkPrivateKey(createPrivateKey(key)) || !isFor(leaf.is, asked)) return undefined
    const atMs = leaf.is.validToDate.getTime()
    return new SecretValue({
      data: new Map<string, LosslessJson>([
        ['certificate', leaf.pem],
        ['private_key', key],
        ['issuing_ca', chain[0] ?? ''],
        ['ca_chain', chain],
        ['expiration', new JsonNumber(String(Math.floor(atMs / 1000)))],
      ]),
      timing: { kind: 'expires', fromMs: leaf.is.validFromDate.getTime(), atMs, standsAlone: true },
    })
  } catch {
    // Whatever it is, it is no certificate of ours.
    return undefined
  }
}

/** RFC 7468, section 2. */
const PEM = /-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----/g

/** Whether it has every name that is asked for (PKI engine, "Generate certificate and key"). */
function isFor(certificate: X509Certificate, asked: ReadonlyMap<string, LosslessJson>): boolean {
  const names = ['common_name', 'alt_names'].flatMap(key => listIn(asked, key))
  const has = new Set([
    certificate.toLegacyObject().subject.CN,
    ...(certificate.subjectAltName ?? '').split(', ').map(name => name.slice(name.indexOf(':') + 1)),
  ])
  return (
    names.every(name => has.has(name)) &&
    listIn(asked, 'ip_sans').every(address => certificate.checkIP(address) !== undefined)
  )
}

function listIn(asked: ReadonlyMap<string, LosslessJson>, key: string): string[] {
  const value = asked.get(key)
  if (typeof value !== 'string') return []
  return value.split(',').flatMap(name => (name.trim() === '' ? [] : [name.trim()]))
}
