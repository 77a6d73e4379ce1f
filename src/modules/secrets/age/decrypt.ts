import { dearmor, isArmored } from '../../../wire/age/armor.ts'
import { AgeError } from '../../../wire/age/error.ts'
import { decodeBase64, parseHeader, type Stanza } from '../../../wire/age/header.ts'
import { type AgeIdentity, publicKeyOf } from './identity.ts'

const CHUNK_BYTES = 64 * 1024
const TAG_BYTES = 16
const NONCE_BYTES = 16
/** 2^20 takes a gigabyte, and seconds; age itself uses 2^18. */
const MAX_WORK_FACTOR = 20

/** The content of a file of age, armored or not (C2SP, age v1). Rejects with an AgeError. */
export async function decryptAge(file: Buffer, identities: readonly AgeIdentity[]): Promise<Buffer> {
  const bytes = isArmored(file.toString('latin1', 0, 256))
    ? Buffer.from(dearmor(file.toString('latin1')))
    : file
  const header = parseHeader(bytes)
  const key = await fileKeyOf(header.stanzas, identities)
  const { createHmac, timingSafeEqual } = crypto()
  const mac = createHmac('sha256', derive(key, '', 'header'))
    .update(bytes.subarray(0, header.signedBytes))
    .digest()
  if (!timingSafeEqual(mac, header.mac)) throw new AgeError('damaged', 'its header was changed or damaged')
  const nonce = bytes.subarray(header.endBytes, header.endBytes + NONCE_BYTES)
  if (nonce.length < NONCE_BYTES) throw cutShort()
  return decryptPayload(bytes.subarray(header.endBytes + NONCE_BYTES), derive(key, nonce, 'payload'))
}

/** The key of the file, by whichever identity it was made for. */
async function fileKeyOf(stanzas: readonly Stanza[], identities: readonly AgeIdentity[]): Promise<Buffer> {
  const withPassphrase = stanzas.some(({ type }) => type === 'scrypt')
  if (withPassphrase && stanzas.length > 1)
    throw new AgeError('damaged', 'it mixes a passphrase with other keys')
  for (const stanza of stanzas) {
    for (const identity of identities) {
      const key = await (stanza.type === 'X25519'
        ? byX25519(stanza, identity)
        : byPassphrase(stanza, identity))
      if (key !== undefined) return key
    }
  }
  const other = withPassphrase ? 'a passphrase' : 'other keys'
  const kinds = [...new Set(stanzas.map(({ type }) => type))].filter(
    type => type !== 'X25519' && type !== 'scrypt',
  )
  const hint =
    kinds.length > 0 ? `; some are of kinds that are not read here (${kinds.slice(0, 3).join(', ')})` : ''
  throw new AgeError('no_key', `it was made for ${other}, and none of ours opens it${hint}`)
}

function byX25519({ args, body }: Stanza, identity: AgeIdentity): Buffer | undefined {
  const share = args.length === 1 ? decodeBase64(args[0]!) : undefined
  if (share?.length !== 32 || body.length !== 32) throw new AgeError('damaged', 'its header is damaged')
  if (identity.kind !== 'x25519') return undefined
  const shared = sharedSecret(identity, share)
  const salt = Buffer.concat([share, identity.publicKey])
  return unwrap(body, derive(shared, salt, 'age-encryption.org/v1/X25519'))
}

async function byPassphrase(
  { type, args, body }: Stanza,
  identity: AgeIdentity,
): Promise<Buffer | undefined> {
  if (type !== 'scrypt') return undefined
  const [saltText = '', factor = ''] = args
  const salt = decodeBase64(saltText)
  if (args.length !== 2 || salt?.length !== 16 || body.length !== 32 || !/^[1-9]\d?$/.test(factor))
    throw new AgeError('damaged', 'its header is damaged')
  if (Number(factor) > MAX_WORK_FACTOR)
    throw new AgeError('damaged', `its passphrase asks for more work than is done here (2^${factor})`)
  if (identity.kind !== 'passphrase') return undefined
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const cost = { N: 2 ** Number(factor), r: 8, p: 1, maxmem: 2 ** (Number(factor) + 11) }
  const salted = Buffer.concat([Buffer.from('age-encryption.org/v1/scrypt'), salt])
  crypto().scrypt(identity.text, salted, 32, cost, (error, key) => (error ? reject(error) : resolve(key)))
  return unwrap(body, await promise)
}

function sharedSecret(identity: AgeIdentity & { kind: 'x25519' }, share: Uint8Array): Buffer {
  try {
    return crypto().diffieHellman({ privateKey: identity.key, publicKey: publicKeyOf(share) })
  } catch {
    // A point of low order: the secret would be no secret.
    throw new AgeError('damaged', 'its header is damaged')
  }
}

function unwrap(body: Uint8Array, key: Buffer): Buffer | undefined {
  const opened = open(body, key, Buffer.alloc(12))
  return opened?.length === 16 ? opened : undefined
}

/** STREAM (C2SP, age v1, "Payload"): chunks with a counter, the last one marked, so that none can be cut off. */
function decryptPayload(payload: Buffer, key: Buffer): Buffer {
  const chunks: Buffer[] = []
  const sealedBytes = CHUNK_BYTES + TAG_BYTES
  for (let start = 0, counter = 0; ; start += sealedBytes, counter++) {
    const sealed = payload.subarray(start, start + sealedBytes)
    const isLast = start + sealedBytes >= payload.length
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(counter, 7)
    nonce[11] = isLast ? 1 : 0
    const opened = open(sealed, key, nonce)
    if (opened === undefined || (opened.length === 0 && counter > 0)) throw cutShort()
    chunks.push(opened)
    if (isLast) return Buffer.concat(chunks)
  }
}

function open(sealed: Uint8Array, key: Buffer, nonce: Buffer): Buffer | undefined {
  if (sealed.length < TAG_BYTES) return undefined
  const decipher = crypto().createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  const opened = decipher.update(sealed.subarray(0, -TAG_BYTES))
  try {
    decipher.final()
    return opened
  } catch {
    return undefined
  }
}

function derive(secret: Buffer, salt: Uint8Array | string, info: string): Buffer {
  return Buffer.from(crypto().hkdfSync('sha256', secret, salt, info, 32))
}

function cutShort(): AgeError {
  return new AgeError('damaged', 'its content was changed, damaged or cut short')
}

function crypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto')
}
