import { createHash } from 'node:crypto'
import { GoStruct, kindOf, stringIn, type Value } from '../../../../wire/gotemplate/value.ts'
import type { Asking } from '../content.ts'
import { type Family, fixed } from '../functions/define.ts'
import { newCertificate, type Pair, type Subject } from './certificates.ts'
import { newPrivateKey, newRsaKey, privateKeyPem, readPrivateKey } from './keys.ts'
import { prefixed } from './prefixed.ts'

/** As sprig makes them for certificates. */
const RSA_BITS = 2048
/** The cost that Go's bcrypt takes unless told otherwise, and all that it looks at. */
const BCRYPT = { rounds: 10, maxBytes: 72 } as const

/** What is made at random, by functions that are known by name before a pass. */
export const GENERATORS: Family = sprigGenerators(undefined, () => 0)

/**
 * Keys, certificates and hashes: each call of a template has its own, made once for as long as its arguments stay the
 * same, so that another secret does not change them, too.
 */
export function sprigGenerators(asking: Asking | undefined, now: () => number): Family {
  const calls = new Map<string, number>()
  const once = (name: string, args: readonly unknown[], make: () => Promise<Value>): Value | undefined => {
    const asked = createHash('sha256')
      .update(JSON.stringify([name, ...args]))
      .digest('base64')
    const nth = calls.get(asked) ?? 0
    calls.set(asked, nth + 1)
    return asking?.later(`${name} ${asked} ${nth}`, make)
  }
  const certificate = (
    name: string,
    subject: Subject,
    given: { readonly isAuthority?: boolean; readonly issuer?: Pair; readonly key?: string },
  ) => {
    // It is perhaps being made: what a pass throws counts only when nothing is waited for.
    if (given.key === '') throw new Error('the key is no private key in PEM form')
    if (given.issuer?.Cert === '') throw new Error('unable to decode certificate')
    const pair = once(name, [subject, given], async () => {
      const key = given.key === undefined ? await newRsaKey(RSA_BITS) : readPrivateKey(given.key)
      return struct(newCertificate(subject, key, { ...given, nowMs: now() }))
    })
    return pair ?? struct({ Cert: '', Key: '' })
  }
  const leaf = (name: string, ips: Value, dns: Value, days: bigint): Subject => ({
    name,
    addresses: texts('ip', ips),
    dnsNames: texts('alternate dns name', dns),
    days: Number(days),
  })
  const authority = (name: string, days: bigint) => leaf(name, null, null, days)

  return [
    fixed('genPrivateKey', ['string'], (kind: string) => {
      if (!['', 'rsa', 'dsa', 'ecdsa', 'ed25519'].includes(kind)) return `Unknown type ${kind}`
      return once('key', [kind], async () => privateKeyPem((await newPrivateKey(kind))!)) ?? ''
    }),
    fixed('genCA', ['string', 'int'], (name: string, days: bigint) =>
      certificate('genCA', authority(name, days), { isAuthority: true }),
    ),
    fixed('genCAWithKey', ['string', 'int', 'string'], (name: string, days: bigint, key: string) =>
      certificate('genCA', authority(name, days), { isAuthority: true, key }),
    ),
    fixed(
      'genSelfSignedCert',
      ['string', 'any', 'any', 'int'],
      (name: string, ips: Value, dns: Value, days: bigint) =>
        certificate('genCert', leaf(name, ips, dns, days), {}),
    ),
    fixed(
      'genSelfSignedCertWithKey',
      ['string', 'any', 'any', 'int', 'string'],
      (name: string, ips: Value, dns: Value, days: bigint, key: string) =>
        certificate('genCert', leaf(name, ips, dns, days), { key }),
    ),
    fixed(
      'genSignedCert',
      ['string', 'any', 'any', 'int', 'any'],
      (name: string, ips: Value, dns: Value, days: bigint, ca: Value) =>
        certificate('genCert', leaf(name, ips, dns, days), { issuer: pairIn(ca) }),
    ),
    fixed(
      'genSignedCertWithKey',
      ['string', 'any', 'any', 'int', 'any', 'string'],
      (name: string, ips: Value, dns: Value, days: bigint, ca: Value, key: string) =>
        certificate('genCert', leaf(name, ips, dns, days), { issuer: pairIn(ca), key }),
    ),
    fixed('bcrypt', ['string'], (text: string) => once('bcrypt', [text], () => bcrypt(text)) ?? ''),
    fixed('htpasswd', ['string', 'string'], (user: string, password: string) => {
      if (user.includes(':')) return `invalid username: ${user}`
      return `${user}:${once('bcrypt', [password], () => bcrypt(password)) ?? ''}`
    }),
  ].map(prefixed)
}

function struct({ Cert, Key }: Pair): GoStruct {
  return new GoStruct('sprig.certificate', { Cert, Key })
}

function pairIn(value: Value): Pair {
  if (!(value instanceof GoStruct) || value.typeName !== 'sprig.certificate')
    throw new Error('expected a certificate authority, such as genCA gives')
  return { Cert: stringIn(value.fields.get('Cert')!), Key: stringIn(value.fields.get('Key')!) }
}

function texts(what: string, value: Value): readonly string[] {
  if (value === null || value === undefined) return []
  if (!Array.isArray(value)) throw new Error(`expected a list of values of the kind ${what}`)
  return value.map(each => {
    if (kindOf(each) !== 'string') throw new Error(`error parsing ${what}: is not a string`)
    return stringIn(each)
  })
}

async function bcrypt(text: string): Promise<string> {
  if (Buffer.byteLength(text) > BCRYPT.maxBytes)
    return 'failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes'
  const { genSalt, hash } = (await import('bcryptjs')).default
  // Go writes the older letter, which means the same.
  const salt = (await genSalt(BCRYPT.rounds)).replace(/^\$2[a-z]\$/, '$2a$')
  return hash(text, salt)
}
