import {
  createCipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

/** What stands before the 32 bytes of an X25519 key in its SubjectPublicKeyInfo (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')
const KEY_BYTES = 32
const NONCE_BYTES = 12

/** The reader's key out of `{"curve25519_public_key": "<base64>"}`. Throws an Error for people. */
export function readPublicKey(text: string, path: string): Buffer {
  const encoded = memberOf(text, 'curve25519_public_key')
  const key = typeof encoded === 'string' ? Buffer.from(encoded, 'base64') : Buffer.alloc(0)
  if (key.length === KEY_BYTES) return key
  throw new Error(
    `${path}: expected {"curve25519_public_key": "…"} with ${KEY_BYTES} bytes in base64, ${typeof encoded === 'string' ? `got ${key.length}` : 'there is no such member'}`,
  )
}

/**
 * Encrypts for the holder of a Curve25519 key as sinks of Vault Agent do: X25519 with a key of its own for each text,
 * then AES-256-GCM under the shared secret, or under what HKDF-SHA256 makes of it with both public keys, the smaller
 * one first, as salt and info. Gives JSON.
 */
export function seal(
  text: Uint8Array,
  reader: Buffer,
  options: { deriveKey: boolean; aad?: string },
): string {
  const own = generateKeyPairSync('x25519')
  const publicKey = rawKey(own.publicKey)
  const shared = diffieHellman({ privateKey: own.privateKey, publicKey: keyObject(reader) })
  const key = options.deriveKey ? derived(shared, publicKey, reader) : shared
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  if (options.aad !== undefined) cipher.setAAD(Buffer.from(options.aad))
  const sealed = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
  shared.fill(0)
  key.fill(0)
  return JSON.stringify({
    curve25519_public_key: publicKey.toString('base64'),
    nonce: nonce.toString('base64'),
    encrypted_payload: sealed.toString('base64'),
  })
}

function derived(shared: Buffer, own: Buffer, reader: Buffer): Buffer {
  const [salt, info] = Buffer.compare(own, reader) < 0 ? [own, reader] : [reader, own]
  return Buffer.from(hkdfSync('sha256', shared, salt, info, KEY_BYTES))
}

function keyObject(raw: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' })
}

function rawKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES)
}

function memberOf(text: string, key: string): unknown {
  try {
    return (JSON.parse(text) as Record<string, unknown> | null)?.[key]
  } catch {
    return undefined
  }
}
