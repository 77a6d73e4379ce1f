import { type Family, fixed } from './define.ts'

const text = (name: string, call: (text: string) => string) =>
  fixed(name, ['string'], call as (...given: never[]) => string)

/** Base64, and digests in hexadecimal. */
export const ENCODING: Family = [
  text('base64Encode', value => Buffer.from(value).toString('base64')),
  text('base64Decode', value => decoded(value, /^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/, 'base64')),
  // With padding, which Node leaves out.
  text('base64URLEncode', value =>
    Buffer.from(value).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
  ),
  text('base64URLDecode', value => decoded(value, /^[A-Za-z0-9_\-\r\n]*={0,2}[\r\n]*$/, 'base64url')),
  text('sha256Hex', value => digest('sha256', value)),
  text('md5sum', value => digest('md5', value)),
  fixed('hmacSHA256Hex', ['string', 'string'], (message: string, key: string) =>
    process.getBuiltinModule('node:crypto').createHmac('sha256', key).update(message).digest('hex'),
  ),
]

export function digest(algorithm: string, value: string): string {
  return process.getBuiltinModule('node:crypto').createHash(algorithm).update(value).digest('hex')
}

/** Go refuses what Node passes over. */
function decoded(value: string, alphabet: RegExp, encoding: 'base64' | 'base64url'): string {
  const plain = value.replaceAll(/[\r\n]/g, '')
  if (!alphabet.test(value) || plain.length % 4 !== 0) throw new Error('illegal base64 data')
  return Buffer.from(plain, encoding).toString()
}
