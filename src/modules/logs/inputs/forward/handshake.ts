import { hostname } from 'node:os'
import { MsgpackReader } from '../../../../wire/msgpack/reader.ts'
import { type MsgpackValue, readValue } from '../../../../wire/msgpack/value.ts'
import { MsgpackWriter } from '../../../../wire/msgpack/writer.ts'
import { Refused } from '../network/refused.ts'
import type { ForwardConfig } from './config.ts'

type Auth = NonNullable<ForwardConfig['auth']>
const NONCE_BYTES = 16

/** Our side of HELO, PING and PONG on one connection (Forward Protocol Specification v1, "Handshake Messages"). */
export class Handshake {
  readonly #auth: Auth
  readonly #hostname: string
  readonly #nonce: Buffer
  readonly #salt: Buffer

  constructor(auth: Auth) {
    const { randomBytes } = process.getBuiltinModule('node:crypto')
    this.#auth = auth
    this.#hostname = auth.hostname ?? hostname()
    this.#nonce = randomBytes(NONCE_BYTES)
    this.#salt = randomBytes(NONCE_BYTES)
  }

  helo(): Buffer {
    const writer = new MsgpackWriter()
    const salt = this.#wantsUser ? this.#salt : Buffer.alloc(0)
    writer.array(2).text('HELO').map(3).text('nonce').binary(this.#nonce).text('auth').binary(salt)
    return Buffer.from(writer.text('keepalive').boolean(true).bytes)
  }

  /** The PONG for a PING that shows that the sender may come in. Throws Refused, with the PONG that says so, for others. */
  pong(message: Buffer): Buffer {
    const { value } = readValue(new MsgpackReader().open(message), 0)
    const ping = Array.isArray(value) ? value : []
    if (ping.length !== 6 || ping[0] !== 'PING')
      throw new RefusedPing('the first message must be a PING', this.#pong(false, 'expected a PING', ''))
    const [, name, salt, digest, user, password] = ping.map(bytesOf)
    const key = this.#auth.sharedKey.reveal()
    const refuse = (reason: string): never => {
      throw new RefusedPing(reason, this.#pong(false, reason, ''))
    }
    if (name.toString() === this.#hostname)
      refuse(
        `the sender calls itself ${this.#hostname}, as this side does: give one of them another hostname`,
      )
    if (!equal(digest, sha512(salt, name, this.#nonce, key))) refuse('the shared key is wrong')
    if (this.#wantsUser) {
      const users = this.#auth.users
      const known = Object.hasOwn(users, user.toString()) ? users[user.toString()].reveal() : undefined
      const wanted = sha512(this.#salt, user, known ?? '')
      if (!equal(password, wanted) || known === undefined) refuse('user or password are wrong')
    }
    return this.#pong(true, '', sha512(salt, this.#hostname, this.#nonce, key))
  }

  get #wantsUser(): boolean {
    return Object.keys(this.#auth.users).length > 0
  }

  #pong(accepted: boolean, reason: string, digest: string): Buffer {
    const writer = new MsgpackWriter().array(5).text('PONG').boolean(accepted).text(reason)
    return Buffer.from(writer.text(accepted ? this.#hostname : '').text(digest).bytes)
  }
}

/** A sender that may not come in, and what it is told. */
export class RefusedPing extends Refused {
  readonly pong: Buffer

  constructor(message: string, pong: Buffer) {
    super('unauthorized', message)
    this.pong = pong
  }
}

function bytesOf(value: MsgpackValue): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : '')
}

/** Hexadecimal digest of all parts, one behind the other. */
function sha512(...parts: readonly (string | Buffer)[]): string {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha512')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

function equal(given: Buffer, wanted: string): boolean {
  const expected = Buffer.from(wanted)
  return (
    given.length === expected.length &&
    process.getBuiltinModule('node:crypto').timingSafeEqual(given, expected)
  )
}
