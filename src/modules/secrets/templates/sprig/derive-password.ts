import type { GoUint } from '../../../../wire/gotemplate/value.ts'

/** The algorithm of Master Password (version 3): its own name is the salt. */
const SCOPE = 'com.lyndir.masterpassword'

/** What a password of each kind looks like, in letters of `CHARACTERS`. */
const SHAPES: Readonly<Record<string, readonly string[]>> = {
  maximum: ['anoxxxxxxxxxxxxxxxxx', 'axxxxxxxxxxxxxxxxxno'],
  long: `CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno CvcvnoCvccCvcv
    CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv
    CvccCvccCvcvno CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno`.split(
    /\s+/,
  ),
  medium: ['CvcnoCvc', 'CvcCvcno'],
  short: ['Cvcn'],
  basic: ['aaanaaan', 'aannaaan', 'aaannaaa'],
  pin: ['nnnn'],
}

const [VOWELS, CONSONANTS] = ['AEIOU', 'BCDFGHJKLMNPQRSTVWXYZ']
const LETTERS = VOWELS + VOWELS.toLowerCase() + CONSONANTS + CONSONANTS.toLowerCase()
const CHARACTERS: Readonly<Record<string, string>> = {
  V: VOWELS,
  C: CONSONANTS,
  v: VOWELS.toLowerCase(),
  c: CONSONANTS.toLowerCase(),
  A: VOWELS + CONSONANTS,
  a: LETTERS,
  n: '0123456789',
  o: "@&%?,=[]_:-+*$#!'^~;()/.",
  x: `${LETTERS}0123456789!@#$%^&*()`,
}

/** The password of a site, out of one master password; each counter has another. */
export function derivePassword(
  counter: GoUint,
  kind: string,
  password: string,
  user: string,
  site: string,
): string {
  const shapes = SHAPES[kind]
  if (shapes === undefined) return `cannot find password template ${kind}`
  const { createHmac, scryptSync } = process.getBuiltinModule('node:crypto')
  const salt = Buffer.concat([Buffer.from(SCOPE), sized(user)])
  const key = scryptSync(password, salt, 64, { N: 32_768, r: 8, p: 2, maxmem: 64 * 1024 * 1024 })
  const message = Buffer.concat([
    Buffer.from(SCOPE),
    sized(site),
    fourBytes(Number(counter.value & 0xffff_ffffn)),
  ])
  const seed = createHmac('sha256', key).update(message).digest()
  const shape = shapes[seed[0]! % shapes.length]!
  return Array.from(shape, (letter, at) => {
    const characters = CHARACTERS[letter]!
    return characters[seed[at + 1]! % characters.length]!
  }).join('')
}

function sized(text: string): Buffer {
  return Buffer.concat([fourBytes(Buffer.byteLength(text)), Buffer.from(text)])
}

function fourBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
