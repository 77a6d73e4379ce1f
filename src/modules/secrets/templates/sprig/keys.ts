import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { element, sequence, smallInteger } from '../../../../wire/der/encode.ts'
import { readElements } from '../../../../wire/der/read.ts'
import { encodePem } from '../../../../wire/pem/pem.ts'

const KEYS = {
  rsa: { bits: 4096 },
  dsa: { bits: 2048, divisor: 256 },
} as const

/** A new private key of the kinds that `genPrivateKey` knows, as sprig makes them. Generated beside the event loop. */
export async function newPrivateKey(kind: string): Promise<KeyObject | undefined> {
  const { generateKeyPair } = await import('node:crypto')
  const { promisify } = await import('node:util')
  const generate = promisify(generateKeyPair)
  switch (kind) {
    case '':
    case 'rsa':
      return (await generate('rsa', { modulusLength: KEYS.rsa.bits })).privateKey
    case 'dsa':
      return (await generate('dsa', { modulusLength: KEYS.dsa.bits, divisorLength: KEYS.dsa.divisor }))
        .privateKey
    case 'ecdsa':
      return (await generate('ec', { namedCurve: 'P-256' })).privateKey
    case 'ed25519':
      return (await generate('ed25519')).privateKey
    default:
      return undefined
  }
}

/** For certificates. */
export async function newRsaKey(modulusLength: number): Promise<KeyObject> {
  const { generateKeyPair } = await import('node:crypto')
  const { promisify } = await import('node:util')
  return (await promisify(generateKeyPair)('rsa', { modulusLength })).privateKey
}

/** In the forms of sprig: PKCS #1, SEC 1, OpenSSL's own for DSA, PKCS #8 for all else. */
export function privateKeyPem(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return key.export({ type: 'pkcs1', format: 'pem' }) as string
    case 'ec':
      return key.export({ type: 'sec1', format: 'pem' }) as string
    case 'dsa':
      return encodePem('DSA PRIVATE KEY', dsaKey(key))
    default:
      return key.export({ type: 'pkcs8', format: 'pem' }) as string
  }
}

/** Throws for what is no private key. */
export function readPrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new Error('the key is no private key in PEM form')
  }
}

/** Version, p, q, g, y and x in a row. */
function dsaKey(key: KeyObject): Uint8Array {
  const pkcs8 = inside(key.export({ type: 'pkcs8', format: 'der' }))
  const [, parameters, wrapped] = pkcs8
  const [p, q, g] = readElements(readElements(parameters!.content)[1]!.content)
  const x = readElements(wrapped!.content)[0]!
  const [, bits] = inside(createPublicKey(key).export({ type: 'spki', format: 'der' }))
  const y = bits!.content.subarray(1)
  return sequence(smallInteger(0), ...[p!, q!, g!].map(({ whole }) => whole), y, element(0x02, x.content))
}

function inside(der: Uint8Array) {
  return readElements(readElements(der)[0]!.content)
}
