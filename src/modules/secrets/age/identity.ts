import type { KeyObject } from 'node:crypto'
import { decodeBech32 } from '../../../wire/age/bech32.ts'
import { AgeError } from '../../../wire/age/error.ts'

/** What opens a file of age. */
export type AgeIdentity =
  | { readonly kind: 'x25519'; readonly key: KeyObject; readonly publicKey: Buffer }
  | { readonly kind: 'passphrase'; readonly text: string }

const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI_BYTES = 12

/** The keys of an identity file, one a line, as age-keygen writes it. Throws an AgeError, which shows nothing of it. */
export function parseIdentities(text: string): AgeIdentity[] {
  const identities: AgeIdentity[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const written = line.trim()
    if (written === '' || written.startsWith('#')) continue
    const bytes = decodeBech32(written, 'AGE-SECRET-KEY-')
    if (bytes?.length !== 32)
      throw new AgeError(
        'no_key',
        `line ${index + 1} of the keys is no AGE-SECRET-KEY-1…, the only kind that is read`,
      )
    identities.push(x25519(bytes))
  }
  if (identities.length === 0) throw new AgeError('no_key', 'there is no AGE-SECRET-KEY-1… among the keys')
  return identities
}

/** The key of the other side, from its 32 bytes. */
export function publicKeyOf(bytes: Uint8Array): KeyObject {
  const { createPublicKey } = process.getBuiltinModule('node:crypto')
  const jwk = { kty: 'OKP', crv: 'X25519', x: Buffer.from(bytes).toString('base64url') }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

function x25519(bytes: Uint8Array): AgeIdentity {
  const { createPrivateKey, createPublicKey } = process.getBuiltinModule('node:crypto')
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, bytes]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_BYTES)
  return { kind: 'x25519', key, publicKey }
}
