import { MsgpackError } from '../../../../wire/msgpack/error.ts'
import { MessageFinder } from '../../../../wire/msgpack/finder.ts'
import { MsgpackWriter } from '../../../../wire/msgpack/writer.ts'
import type { InputHost } from '../input.ts'
import type { Peer, Session } from '../network/connection.ts'
import type { NetworkMeters } from '../network/meters.ts'
import { Refused } from '../network/refused.ts'
import { Rest } from '../network/rest.ts'
import type { ForwardConfig } from './config.ts'
import { Handshake, RefusedPing } from './handshake.ts'
import { ForwardMessages } from './messages.ts'

/** One connection of the protocol: the handshake, messages, and acknowledgements once their records are safe. */
export class ForwardSession implements Session {
  messages = 0
  readonly #peer: Peer
  readonly #finder: MessageFinder
  readonly #rest: Rest
  readonly #messages: ForwardMessages
  /** Until the sender has shown that it may come in. */
  #handshake: Handshake | undefined

  constructor(
    peer: Peer,
    config: ForwardConfig & { readonly tag?: string },
    host: InputHost,
    meters: NetworkMeters,
  ) {
    this.#peer = peer
    this.#rest = new Rest(peer.allowance)
    this.#finder = new MessageFinder(config.maxMessageBytes)
    this.#messages = new ForwardMessages(peer, config, host, meters)
    if (!config.auth) return
    this.#handshake = new Handshake(config.auth)
    peer.write(this.#handshake.helo())
  }

  get heldBytes(): number {
    return this.#rest.capacity
  }

  async take(chunk: Buffer): Promise<void> {
    try {
      await this.#take(chunk)
    } catch (error) {
      if (error instanceof RefusedPing) this.#peer.write(error.pong)
      throw error instanceof MsgpackError ? new Refused('malformed', error.message) : error
    }
  }

  async end(): Promise<void> {
    if (this.#rest.capacity > 0) throw new Refused('malformed', 'the connection ended within a message')
  }

  async #take(chunk: Buffer): Promise<void> {
    const bytes = this.#rest.add(chunk)
    let at = 0
    try {
      for (let end = this.#finder.find(bytes, at); end >= 0; end = this.#finder.find(bytes, at)) {
        const message = bytes.subarray(at, end)
        at = end
        this.messages++
        if (this.#handshake) {
          this.#peer.write(this.#handshake.pong(message))
          this.#handshake = undefined
        } else await this.#messages.take(message)
        if (at === bytes.length) break
      }
    } finally {
      // What came before a fault is as good as ever.
      await this.#messages.finish()
    }
    for (const chunk of this.#messages.done()) this.#peer.write(acknowledgement(chunk))
    this.#rest.keep(bytes, at)
  }
}

function acknowledgement(chunk: string): Buffer {
  return Buffer.from(new MsgpackWriter().map(1).text('ack').text(chunk).bytes)
}
