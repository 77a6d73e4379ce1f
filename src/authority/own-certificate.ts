import { isIP } from 'node:net'
import type { KeyPair } from '../http/tls/certificate.ts'
import { encodePem } from '../wire/pem/pem.ts'
import type { SpiffeId } from '../wire/spiffe/identity.ts'
import type { Authority, Issued } from './authority.ts'
import { newKeys } from './x509.ts'

/** A certificate together with a key that was made for it. */
export interface IssuedPair extends KeyPair, Issued {}

/** Makes a key and issues a certificate for it. `names` are DNS names and IP addresses. */
export async function issueWithKey(
  authority: Authority,
  identity: SpiffeId,
  names: readonly string[],
  lifetimeMs: number,
): Promise<IssuedPair> {
  const keys = await newKeys()
  const issued = await authority.issue({
    publicKey: new Uint8Array(await crypto.subtle.exportKey('spki', keys.publicKey)),
    identity,
    dnsNames: names.filter(name => isIP(name) === 0),
    addresses: names.filter(name => isIP(name) !== 0),
    lifetimeMs,
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { ...issued, key: encodePem('PRIVATE KEY', pkcs8) }
}
