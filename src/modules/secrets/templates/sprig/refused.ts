import { GoFunction } from '../../../../wire/gotemplate/value.ts'
import type { Family } from '../functions/define.ts'

const CERTIFICATES = [
  'genCA',
  'genCAWithKey',
  'genSelfSignedCert',
  'genSelfSignedCertWithKey',
  'genSignedCert',
  'genSignedCertWithKey',
]

/** Functions of the set that we do not have: each says why when it is called. */
export const REFUSED: Family = [
  ...CERTIFICATES.map(name =>
    refused(name, 'each rendering would make other keys; take certificates from a PKI by pkiCert'),
  ),
  ...['bcrypt', 'htpasswd'].map(name =>
    refused(name, 'each rendering would make another hash; keep the hash in a source of secrets'),
  ),
]

function refused(name: string, why: string): GoFunction {
  return new GoFunction(name, 0, Number.POSITIVE_INFINITY, () => {
    throw new Error(`is not available: ${why}`)
  })
}
