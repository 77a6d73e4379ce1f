import { hostname } from 'node:os'
import type { Address } from '../../../../kernel/module.ts'
import { MessageFinder } from '../../../../wire/msgpack/finder.ts'
import { MsgpackReader } from '../../../../wire/msgpack/reader.ts'
import { type MsgpackValue, readValue } from '../../../../wire/msgpack/value.ts'
import { MsgpackWriter } from '../../../../wire/msgpack/writer.ts'
import type { FailedOutcome, OutputHost } from '../output.ts'
import type { ForwardOutputConfig } from './config.ts'
import { type Connected, StreamLink } from './stream-link.ts'

/** Answers are small: HELO, PONG, acknowledgements. */
const MAX_ANSWER_BYTES = 64 * 1024

/** One receiver: its connection, the handshake on it, and its acknowledgements. */
export class Receiver {
  readonly weight: number
  readonly standby: boolean
  /** By the monotonic clock: not tried before, while there are others. */
  awayUntilMs = Number.NEGATIVE_INFINITY
  readonly #config: ForwardOutputConfig
  readonly #link: StreamLink
  #answers: Answers | undefined

  constructor(
    server: { readonly address: Address; readonly weight: number; readonly standby: boolean },
    config: ForwardOutputConfig,
    host: OutputHost,
  ) {
    this.weight = server.weight
    this.standby = server.standby
    this.#config = config
    this.#link = new StreamLink({ ...config, address: server.address }, host)
  }

  /** Sends one message and waits for its acknowledgement, when `chunk` asks for one. */
  async send(
    message: Buffer,
    chunk: string | undefined,
    signal: AbortSignal,
  ): Promise<FailedOutcome | undefined> {
    const answers = await this.#ready(signal)
    if ('kind' in answers) return answers
    const failure = chunk === undefined ? await this.#link.write(message, signal) : undefined
    if (failure || chunk === undefined) return failure
    answers.write(message)
    const answer = await answers.next(this.#link, signal)
    if ('kind' in answer) return answer
    const { value } = answer
    if (value instanceof Map && value.get('ack') === chunk) return undefined
    this.#link.close()
    return this.#link.failure('the receiver acknowledged something else')
  }

  /** The connection, after its handshake. */
  async #ready(signal: AbortSignal): Promise<Answers | FailedOutcome> {
    const connected = await this.#link.connect(signal)
    if ('kind' in connected) return connected
    if (this.#answers?.connected === connected) return this.#answers
    const answers = new Answers(connected)
    const failure = this.#config.auth ? await this.#handshake(answers, this.#config.auth, signal) : undefined
    if (failure) {
      this.#link.close()
      return failure
    }
    this.#answers = answers
    return answers
  }

  /** Forward Protocol Specification v1, "Handshake Messages". */
  async #handshake(
    answers: Answers,
    auth: NonNullable<ForwardOutputConfig['auth']>,
    signal: AbortSignal,
  ): Promise<FailedOutcome | undefined> {
    const helo = await answers.next(this.#link, signal)
    if ('kind' in helo) return { ...helo, reason: `no HELO: ${helo.reason}` }
    const options = Array.isArray(helo.value) && helo.value[0] === 'HELO' ? helo.value[1] : undefined
    if (!(options instanceof Map)) return this.#refused('the receiver did not begin with a HELO')
    const nonce = bytesOf(options.get('nonce'))
    const authSalt = bytesOf(options.get('auth'))
    const own = auth.hostname ?? hostname()
    const key = auth.sharedKey.reveal()
    const salt = process.getBuiltinModule('node:crypto').randomBytes(16).toString('hex')
    const { username = '', password } = auth
    const wanted = authSalt.length > 0
    const ping = new MsgpackWriter()
      .array(6)
      .text('PING')
      .text(own)
      .text(salt)
      .text(sha512(salt, own, nonce, key))
    ping.text(wanted ? username : '').text(wanted ? sha512(authSalt, username, password?.reveal() ?? '') : '')
    answers.write(Buffer.from(ping.bytes))
    const pong = await answers.next(this.#link, signal)
    if ('kind' in pong) return { ...pong, reason: `no PONG: ${pong.reason}`, refused: true }
    const [type, accepted, reason, name, digest] = Array.isArray(pong.value) ? pong.value : []
    if (type !== 'PONG') return this.#refused('the receiver did not answer with a PONG')
    if (accepted !== true) return this.#refused(`the receiver refuses us: ${String(reason)}`)
    if (String(digest) !== sha512(salt, bytesOf(name), nonce, key))
      return this.#refused('the receiver does not know the shared key')
    return undefined
  }

  #refused(reason: string): FailedOutcome {
    return { ...this.#link.failure(reason), refused: true }
  }
}

/** What comes from a receiver, message by message. */
class Answers {
  readonly connected: Connected
  readonly #finder = new MessageFinder(MAX_ANSWER_BYTES)
  #bytes: Buffer = Buffer.alloc(0)
  #arrived = Promise.withResolvers<undefined>()

  constructor(connected: Connected) {
    this.connected = connected
    connected.socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      if (this.#bytes.length > MAX_ANSWER_BYTES) connected.socket.destroy()
      this.#arrived.resolve(undefined)
      this.#arrived = Promise.withResolvers()
    })
  }

  write(bytes: Buffer): void {
    this.connected.socket.write(bytes)
  }

  async next(
    link: StreamLink,
    signal: AbortSignal,
  ): Promise<{ readonly value: MsgpackValue } | FailedOutcome> {
    try {
      for (;;) {
        const end = this.#finder.find(this.#bytes, 0)
        if (end > 0) {
          const { value } = readValue(new MsgpackReader().open(this.#bytes, end), 0)
          this.#bytes = this.#bytes.subarray(end)
          return { value }
        }
        const reason = await link.within(Promise.race([this.#arrived.promise, this.connected.over]), signal)
        if (reason === undefined) continue
        link.close()
        return link.failure(reason)
      }
    } catch (error) {
      link.close()
      return link.failure(`its answer makes no sense: ${(error as Error).message}`)
    }
  }
}

function bytesOf(value: MsgpackValue | undefined): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : '')
}

function sha512(...parts: readonly (string | Buffer)[]): string {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha512')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
