import type { Socket } from 'node:net'
import { type Deadline, DeadlineWheel } from '../../../http/deadline-wheel.ts'
import type { Clock } from '../../../kernel/clock/clock.ts'
import { type Spoken, spokenBy } from './first-bytes.ts'

/**
 * Called once, with the connection paused and none of its bytes lost: they are read from it again, but for `rest`, with
 * which a client has ended its sending side. A connection that breaks before is not told of.
 */
export type OnSpoken = (socket: Socket, spoken: Spoken, rest: Buffer) => void

const NOTHING = Buffer.alloc(0)

const TICK_MS = 50
const OTHER: Spoken = { kind: 'other' }

/** Looks at what connections begin with. */
export class Sniffer {
  readonly wheel: DeadlineWheel
  readonly waiting = new Set<Look>()

  constructor(clock: Clock) {
    this.wheel = new DeadlineWheel(clock, TICK_MS)
  }

  look(socket: Socket, timeoutMs: number, onSpoken: OnSpoken): void {
    this.waiting.add(new Look(this, socket, timeoutMs, onSpoken))
  }

  close(): void {
    for (const { socket } of this.waiting) socket.destroy()
  }
}

class Look implements Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly socket: Socket
  readonly #sniffer: Sniffer
  readonly #onSpoken: OnSpoken
  #bytes: Buffer = NOTHING

  constructor(sniffer: Sniffer, socket: Socket, timeoutMs: number, onSpoken: OnSpoken) {
    this.#sniffer = sniffer
    this.socket = socket
    this.#onSpoken = onSpoken
    socket.allowHalfOpen = true
    socket.on('error', ignore)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onClose)
    sniffer.wheel.arm(this, timeoutMs)
  }

  expire(): void {
    this.#decide(OTHER)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    const spoken = spokenBy(this.#bytes)
    if (spoken !== 'more') this.#decide(spoken)
  }

  /** What it has said is all, and may be enough for its server. */
  readonly #onEnd = (): void => {
    this.#leave()
    this.#onSpoken(this.socket, OTHER, this.#bytes)
  }

  readonly #onClose = (): void => this.#leave()

  #decide(spoken: Spoken): void {
    this.#leave()
    this.socket.pause()
    if (this.#bytes.length > 0) this.socket.unshift(this.#bytes)
    this.#onSpoken(this.socket, spoken, NOTHING)
  }

  #leave(): void {
    this.#sniffer.wheel.remove(this)
    this.#sniffer.waiting.delete(this)
    this.socket.off('data', this.#onData)
    this.socket.off('end', this.#onEnd)
    this.socket.off('close', this.#onClose)
  }
}

function ignore(): void {}
