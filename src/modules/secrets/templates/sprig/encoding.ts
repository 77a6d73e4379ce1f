import { type Family, fixed } from '../functions/define.ts'
import { digest, ENCODING as OTHERS } from '../functions/encoding.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Base64 and base32, whose errors are the text that they give, and digests. */
export const ENCODING: Family = [
  fixed('b64enc', ['string'], (text: string) => Buffer.from(text).toString('base64')),
  fixed('b64dec', ['string'], (text: string) => {
    try {
      return OTHERS.find(each => each.name === 'base64Decode')!.call([text])
    } catch (error) {
      return (error as Error).message
    }
  }),
  fixed('b32enc', ['string'], base32),
  fixed('b32dec', ['string'], fromBase32),
  fixed('sha1sum', ['string'], (text: string) => digest('sha1', text)),
  fixed('sha256sum', ['string'], (text: string) => digest('sha256', text)),
  fixed('sha512sum', ['string'], (text: string) => digest('sha512', text)),
  fixed('adler32sum', ['string'], (text: string) => {
    let [a, b] = [1, 0]
    for (const byte of Buffer.from(text)) {
      a = (a + byte) % 65_521
      b = (b + a) % 65_521
    }
    return String(b * 65_536 + a)
  }),
]

function base32(text: string): string {
  let [out, held, bits] = ['', 0, 0]
  for (const byte of Buffer.from(text)) {
    held = ((held << 8) | byte) & 0xfff
    bits += 8
    for (; bits >= 5; bits -= 5) out += ALPHABET[(held >> (bits - 5)) & 31]!
  }
  if (bits > 0) out += ALPHABET[(held << (5 - bits)) & 31]!
  return out.padEnd(Math.ceil(out.length / 8) * 8, '=')
}

function fromBase32(text: string): string {
  const plain = text.replaceAll(/[\r\n]/g, '')
  if (!/^(?:[A-Z2-7]{8})*(?:[A-Z2-7]{2}={6}|[A-Z2-7]{4}={4}|[A-Z2-7]{5}={3}|[A-Z2-7]{7}=)?$/.test(plain))
    return 'illegal base32 data'
  const bytes: number[] = []
  let [held, bits] = [0, 0]
  for (const char of plain.replaceAll('=', '')) {
    held = ((held << 5) | ALPHABET.indexOf(char)) & 0xfff
    bits += 5
    if (bits >= 8) {
      bytes.push((held >> (bits - 8)) & 255)
      bits -= 8
    }
  }
  return Buffer.from(bytes).toString()
}
