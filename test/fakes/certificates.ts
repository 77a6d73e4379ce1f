import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** A certificate and its key, PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

/** Makes certificates for tests: X.509 version 3, P-256, written as DER by hand so that no tool has to be installed. */
export class Authority {
  readonly cert: string
  readonly #name: string
  readonly #key: KeyObject

  constructor(name = 'test authority') {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#name = name
    this.#key = privateKey
    this.cert = certificate({
      subject: name,
      issuer: name,
      publicKey,
      signWith: privateKey,
      extensions: [basicConstraints(true)],
    })
  }

  /** For a server: `names` are host names or IPv4 addresses. For a client the names do not matter. */
  issue(subject: string, names: readonly string[] = [], validDays = 1): Identity {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const extensions = [basicConstraints(false), ...(names.length > 0 ? [alternativeNames(names)] : [])]
    const cert = certificate({
      subject,
      issuer: this.#name,
      publicKey,
      signWith: this.#key,
      extensions,
      validDays,
    })
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
  }
}

interface CertificateOptions {
  readonly subject: string
  readonly issuer: string
  readonly publicKey: KeyObject
  readonly signWith: KeyObject
  readonly extensions: readonly Buffer[]
  readonly validDays?: number
}

/** RFC 5280, section 4.1. */
function certificate({
  subject,
  issuer,
  publicKey,
  signWith,
  extensions,
  validDays = 1,
}: CertificateOptions): string {
  const day = 24 * 60 * 60 * 1000
  const from = Date.now() - 2 * day
  const body = sequence(
    tag(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    name(issuer),
    sequence(utcTime(from), utcTime(Date.now() + validDays * day)),
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tag(0xa3, sequence(...extensions)),
  )
  const signature = sign('sha256', body, createPrivateKey(signWith.export({ type: 'pkcs8', format: 'pem' })))
  const der = sequence(body, ecdsaWithSha256, bitString(signature))
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

function tag(number: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([number, ...size]), content])
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tag(0x30, ...parts)
}

function integer(bytes: Buffer): Buffer {
  return tag(0x02, bytes)
}

function bitString(bytes: Buffer): Buffer {
  return tag(0x03, Buffer.from([0]), bytes)
}

function objectIdentifier(hex: string): Buffer {
  return tag(0x06, Buffer.from(hex, 'hex'))
}

function utcTime(timeMs: number): Buffer {
  return tag(0x17, Buffer.from(`${new Date(timeMs).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))
}

/** One common name. */
function name(text: string): Buffer {
  return sequence(tag(0x31, sequence(objectIdentifier('550403'), tag(0x0c, Buffer.from(text)))))
}

const ecdsaWithSha256 = sequence(objectIdentifier('2a8648ce3d040302'))

function basicConstraints(authority: boolean): Buffer {
  const value = authority ? sequence(tag(0x01, Buffer.from([0xff]))) : sequence()
  return sequence(objectIdentifier('551d13'), tag(0x01, Buffer.from([0xff])), tag(0x04, value))
}

function alternativeNames(names: readonly string[]): Buffer {
  const entries = names.map(entry =>
    /^\d+(\.\d+){3}$/.test(entry)
      ? tag(0x87, Buffer.from(entry.split('.').map(Number)))
      : tag(0x82, Buffer.from(entry)),
  )
  return sequence(objectIdentifier('551d11'), tag(0x04, sequence(...entries)))
}
