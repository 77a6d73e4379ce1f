/** What a store is sealed under: what lies in a key file or a variable, or a passphrase. */
export type SealingSecret =
  | { readonly kind: 'key'; readonly bytes: Uint8Array }
  | { readonly kind: 'passphrase'; readonly text: string }

/** Why a file could not be opened. */
export class SealError extends Error {
  override readonly name = 'SealError'
  readonly reason: 'foreign' | 'version' | 'wrong_key' | 'damaged'

  constructor(reason: SealError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** A key that was derived for the salt of a file; a passphrase costs a tenth of a second, so it is kept. */
export interface DerivedKey {
  readonly id: string
  readonly bytes: Uint8Array
  readonly header: KeyHeader
}

export type KeyHeader =
  | { readonly kind: 'key'; readonly salt: string }
  | {
      readonly kind: 'passphrase'
      readonly salt: string
      readonly n: number
      readonly r: number
      readonly p: number
    }

interface Header {
  readonly cipher: 'aes-256-gcm'
  readonly key: KeyHeader
  /** Tells another key from a damaged file; made of the key in one direction. */
  readonly keyId: string
}

const MAGIC = 'outrigger-store/1 '
const ANY_VERSION = 'outrigger-store/'
const MAX_HEADER_BYTES = 4096
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** 32 MiB and about a tenth of a second: OWASP's password storage, "scrypt". */
const SCRYPT = { n: 2 ** 15, r: 8, p: 3 }
/** What a file may ask for, so that a planted one cannot take all memory. */
const MAX_SCRYPT_BYTES = 256 * 1024 * 1024

/** A new salt, so that equal secrets give different keys. */
export function newKey(secret: SealingSecret): Promise<DerivedKey> {
  const salt = crypto().randomBytes(16).toString('base64')
  return deriveKey(
    secret,
    secret.kind === 'key' ? { kind: 'key', salt } : { kind: 'passphrase', salt, ...SCRYPT },
  )
}

export async function deriveKey(secret: SealingSecret, header: KeyHeader): Promise<DerivedKey> {
  const salt = Buffer.from(header.salt, 'base64')
  const input = await keyInput(secret, header, salt)
  const part = (info: string, length: number) =>
    Buffer.from(crypto().hkdfSync('sha256', input, salt, info, length))
  return {
    header,
    bytes: part('outrigger store key', 32),
    id: part('outrigger store key id', 8).toString('hex'),
  }
}

/** The bytes of a file: a line that tells how it is sealed, the nonce, the sealed text and its tag. */
export function seal(text: string, key: DerivedKey): Buffer {
  const header: Header = { cipher: 'aes-256-gcm', key: key.header, keyId: key.id }
  const line = Buffer.from(`${MAGIC}${JSON.stringify(header)}\n`)
  const nonce = crypto().randomBytes(NONCE_BYTES)
  const cipher = crypto().createCipheriv('aes-256-gcm', key.bytes, nonce)
  cipher.setAAD(line)
  const plain = Buffer.from(text)
  const sealed = Buffer.concat([line, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  plain.fill(0)
  return sealed
}

/** The key that the file asks for. Throws a SealError. */
export function keyHeaderOf(file: Buffer): { readonly key: KeyHeader; readonly keyId: string } {
  return readHeader(file).header
}

/** Throws a SealError. */
export function unseal(file: Buffer, key: DerivedKey): string {
  const { header, end } = readHeader(file)
  if (header.keyId !== key.id) throw new SealError('wrong_key', 'it was sealed under another key')
  if (file.length < end + NONCE_BYTES + TAG_BYTES) throw new SealError('damaged', 'its end is missing')
  const nonce = file.subarray(end, end + NONCE_BYTES)
  const decipher = crypto().createDecipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(file.subarray(0, end))
  decipher.setAuthTag(file.subarray(-TAG_BYTES))
  const plain = decipher.update(file.subarray(end + NONCE_BYTES, -TAG_BYTES))
  try {
    decipher.final()
    return plain.toString()
  } catch {
    throw new SealError('damaged', 'its content was changed or damaged')
  } finally {
    plain.fill(0)
  }
}

function readHeader(file: Buffer): { readonly header: Header; readonly end: number } {
  const end = file.subarray(0, MAX_HEADER_BYTES).indexOf(10) + 1
  const line = file.toString('latin1', 0, Math.max(end, Math.min(file.length, MAGIC.length)))
  if (!line.startsWith(ANY_VERSION)) throw new SealError('foreign', 'it is no store of secrets')
  if (!line.startsWith(MAGIC))
    throw new SealError(
      'version',
      'it was written by another version of outrigger, which is needed to read it',
    )
  const header = end === 0 ? undefined : parseHeader(line.slice(MAGIC.length))
  if (header === undefined) throw new SealError('damaged', 'its first line is damaged')
  return { header, end }
}

function parseHeader(text: string): Header | undefined {
  try {
    const { cipher, key, keyId } = JSON.parse(text)
    if (cipher !== 'aes-256-gcm' || typeof keyId !== 'string' || typeof key.salt !== 'string')
      return undefined
    if (key.kind === 'key') return { cipher, key: { kind: 'key', salt: key.salt }, keyId }
    const { salt, n, r, p } = key
    if (key.kind !== 'passphrase' || ![n, r, p].every(each => Number.isSafeInteger(each) && each > 0))
      return undefined
    if (128 * n * r > MAX_SCRYPT_BYTES || p > 16 || (n & (n - 1)) !== 0) return undefined
    return { cipher, key: { kind: 'passphrase', salt, n, r, p }, keyId }
  } catch {
    return undefined
  }
}

function keyInput(secret: SealingSecret, header: KeyHeader, salt: Buffer): Promise<Uint8Array> | Uint8Array {
  if (header.kind !== secret.kind)
    throw new SealError(
      'wrong_key',
      `it was sealed under a ${header.kind}, and a ${secret.kind} is configured`,
    )
  if (secret.kind === 'key' || header.kind === 'key') return (secret as { readonly bytes: Uint8Array }).bytes
  const { n: N, r, p } = header
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  crypto().scrypt(
    secret.text.normalize('NFKC'),
    salt,
    32,
    { N, r, p, maxmem: 2 * MAX_SCRYPT_BYTES },
    (error, key) => (error ? reject(error) : resolve(key)),
  )
  return promise
}

function crypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto')
}
