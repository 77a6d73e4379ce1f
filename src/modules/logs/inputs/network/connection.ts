import type { Socket } from 'node:net'
import type { Deadline as WheelDeadline } from '../../../../http/deadline-wheel.ts'
import { Allowance, type Wait } from '../byte-budget.ts'
import type { InputHost } from '../input.ts'
import type { NetworkMeters } from './meters.ts'
import { Refused } from './refused.ts'

/** What a protocol sees of a connection. */
export interface Peer {
  /** Tells it from all other connections of the input. */
  readonly number: number
  /** The sender's IP address; empty for a Unix socket. */
  readonly remoteAddress: string
  /** What the session holds between two calls is taken from it. */
  readonly allowance: Allowance
  /** Never waits; throws Refused when the sender does not read what it is answered. */
  write(bytes: Buffer | string): void
}

/** A protocol's side of one connection. Calls never overlap. Each may throw Refused, which ends the connection. */
export interface Session {
  /** Takes what came; resolves once what is complete of it is safe. */
  take(chunk: Buffer): Promise<void>
  /** Nothing more comes; `take` may have left something that is a message after all. */
  end(): Promise<void>
  /** The memory that a message which is not complete takes; 0 when there is none. It is paid for by the allowance. */
  readonly heldBytes: number
  /** How many messages were complete. */
  readonly messages: number
}

export interface ConnectionOptions {
  readonly host: InputHost
  readonly meters: NetworkMeters
  readonly timer: {
    arm(deadline: WheelDeadline, afterMs: number): void
    disarm(deadline: WheelDeadline): void
  }
  /** How long a message may take from its first byte to its last. */
  readonly timeoutMs: number
  /** How long nothing may come; undefined: for ever. */
  readonly idleTimeoutMs: number | undefined
}

/** How often who holds a part of a message and waits for room looks whether all wait for one another. */
const PATIENCE_MS = 5000
/** Answers that a sender has not read. */
const MAX_UNREAD_BYTES = 256 * 1024
/** At the end of the sidecar: what has been sent has arrived when so long nothing more came. */
const QUIET_MS = 100

/** Reads one connection to its end: no faster than the records become safe, and no more than the budget allows. */
export class Connection implements Peer, WheelDeadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly number: number
  readonly remoteAddress: string
  readonly allowance: Allowance
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  #session!: Session
  #wait: Wait | undefined
  #busy = false
  #begunAtMs = 0
  #quiet: { cancel(): void } | undefined
  #draining = false

  constructor(
    socket: Socket,
    who: { readonly number: number; readonly remoteAddress: string },
    options: ConnectionOptions,
  ) {
    this.number = who.number
    this.#socket = socket
    this.#options = options
    this.remoteAddress = who.remoteAddress
    this.allowance = new Allowance(options.host.budget)
  }

  /** Resolves when the connection is over. Never rejects. */
  async run(open: (peer: Peer) => Session): Promise<void> {
    try {
      this.#session = open(this)
      this.#rest()
      await this.#read()
      this.#options.timer.disarm(this)
      await this.#session.end()
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#options.timer.disarm(this)
      this.#quiet?.cancel()
      this.#close()
      this.allowance[Symbol.dispose]()
    }
  }

  /** Takes what is on its way still, then ends. */
  drain(): void {
    this.#draining = true
    if (!this.#busy) this.#waitForQuiet()
  }

  destroy(): void {
    this.#wait?.giveUp()
    this.#socket.destroy()
  }

  write(bytes: Buffer | string): void {
    this.#socket.write(bytes)
    if (this.#socket.writableLength > MAX_UNREAD_BYTES)
      throw new Refused('slow_reader', 'the sender does not read what it is answered')
  }

  /** Called by the wheel. */
  expire(): void {
    const { heldBytes } = this.#session
    if (heldBytes > 0) this.#refuse('too_slow', 'a message did not arrive in time')
    else this.#refuse('idle', 'nothing came for the idle timeout')
    this.#socket.destroy()
  }

  async #read(): Promise<void> {
    const chunks = this.#socket[Symbol.asyncIterator]()
    for (;;) {
      const next = await chunks.next().catch(() => undefined)
      // A reset is an end too: what came before it counts.
      if (next === undefined || next.done === true) return
      this.#busy = true
      this.#options.timer.disarm(this)
      await this.#take(next.value)
      this.#busy = false
      this.#rest()
    }
  }

  async #take(chunk: Buffer): Promise<void> {
    const { allowance } = this
    const { host, meters } = this.#options
    meters.bytes.inc(chunk.length)
    if (!allowance.tryTake(chunk.length)) await this.#waitFor(chunk.length)
    const { messages } = this.#session
    const wasEmpty = this.#session.heldBytes === 0
    host.budget.working++
    try {
      await this.#session.take(chunk)
    } finally {
      host.budget.working--
    }
    if (wasEmpty || this.#session.messages !== messages) this.#begunAtMs = host.clock.monotonic()
    allowance.give(allowance.bytes - this.#session.heldBytes)
  }

  async #waitFor(bytes: number): Promise<void> {
    const { clock, budget } = this.#options.host
    const wait = budget.wait(bytes)
    this.#wait = wait
    // As long as others are at work, room will come: a full spool is nobody's fault.
    const patience =
      this.#session.heldBytes > 0 &&
      clock.interval(PATIENCE_MS, () => {
        if (budget.working === 0) wait.giveUp()
      })
    const taken = await wait.taken
    if (patience) patience.cancel()
    this.#wait = undefined
    if (!taken) throw new Refused('busy', 'the senders together hold all that `logs.memory` allows')
    this.allowance.bytes += bytes
  }

  /** Nothing is to be done before the sender sends something. */
  #rest(): void {
    const { timer, timeoutMs, idleTimeoutMs, host } = this.#options
    if (this.#draining) this.#waitForQuiet()
    if (this.#session.heldBytes > 0)
      timer.arm(this, Math.max(0, this.#begunAtMs + timeoutMs - host.clock.monotonic()))
    else if (idleTimeoutMs !== undefined) timer.arm(this, idleTimeoutMs)
  }

  #waitForQuiet(): void {
    this.#quiet?.cancel()
    this.#quiet = this.#options.host.clock.timeout(QUIET_MS, () => {
      if (!this.#busy) this.#socket.destroy()
    })
  }

  #close(): void {
    const socket = this.#socket
    if (socket.writableLength === 0) {
      socket.destroy()
      return
    }
    const late = this.#options.host.clock.timeout(PATIENCE_MS, () => socket.destroy())
    socket.once('close', () => late.cancel())
    socket.destroySoon()
  }

  #failed(error: unknown): void {
    const { host } = this.#options
    if (error instanceof Refused) this.#refuse(error.reason, error.message)
    else if (!host.signal.aborted)
      host.log.error('sender_failed', `${host.key}: a connection ended by our own fault`, { error })
  }

  #refuse(reason: Refused['reason'], message: string): void {
    const { meters, host } = this.#options
    meters.refused(reason, `${host.key}: ${message}`, this.remoteAddress)
  }
}
