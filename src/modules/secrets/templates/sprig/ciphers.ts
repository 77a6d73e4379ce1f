import { GoStruct } from '../../../../wire/gotemplate/value.ts'
import { type Family, fixed } from '../functions/define.ts'
import { derivePassword } from './derive-password.ts'

const crypto = () => process.getBuiltinModule('node:crypto')

/** Encryption, derived passwords, and certificates that are there already. */
export const CIPHERS: Family = [
  fixed('encryptAES', ['string', 'string'], (password: string, text: string) => {
    if (text === '') return ''
    const initial = crypto().randomBytes(16)
    const cipher = crypto().createCipheriv('aes-256-cbc', keyOf(password), initial)
    return Buffer.concat([initial, cipher.update(text), cipher.final()]).toString('base64')
  }),
  fixed('decryptAES', ['string', 'string'], (password: string, text: string) => {
    if (text === '') return ''
    const bytes = Buffer.from(text, 'base64')
    if (bytes.length < 32 || bytes.length % 16 !== 0) throw new Error('the text is no block of AES in base64')
    const decipher = crypto().createDecipheriv('aes-256-cbc', keyOf(password), bytes.subarray(0, 16))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]).toString()
    } catch {
      throw new Error('the text was not encrypted with this password')
    }
  }),
  fixed('derivePassword', ['uint', 'string', 'string', 'string', 'string'], derivePassword),
  fixed('buildCustomCert', ['string', 'string'], (certificate: string, key: string) => {
    const [Cert, Key] = [certificate, key].map(each => Buffer.from(each, 'base64').toString())
    try {
      ;new (crypto().X509Certificate)(Cert!)
    } catch {
      throw new Error('unable to decode certificate')
    }
    try {
      crypto().createPrivateKey(Key!)
    } catch {
      throw new Error('error parsing private key')
    }
    return new GoStruct('sprig.certificate', { Cert: Cert!, Key: Key! })
  }),
]

/** 32 bytes of the password, with zeros where it is shorter. */
function keyOf(password: string): Buffer {
  const key = Buffer.alloc(32)
  Buffer.from(password).copy(key)
  return key
}
