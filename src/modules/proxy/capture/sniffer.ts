import type { Socket } from 'node:net'
import { type Deadline, DeadlineWheel } from '../../../http/deadline-wheel.ts'
import type { Clock } from '../../../kernel/clock/clock.ts'
import { type Spoken, spokenBy } from './first-bytes.ts'

/** Called once, with the connection paused and none of its bytes lost. A connection that closes before is not told of. */
export type OnSpoken = (socket: Socket, spoken: Spoken) => void

const TICK_MS = 50

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
  #bytes: Buffer = Buffer.alloc(0)

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
    this.#decide({ kind: 'other' })
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    const spoken = spokenBy(this.#bytes)
    if (spoken !== 'more') this.#decide(spoken)
  }

  /** It ended before it had said anything that could be understood. */
  readonly #onEnd = (): void => {
    this.#leave()
    this.socket.destroy()
  }

  readonly #onClose = (): void => this.#leave()

  #decide(spoken: Spoken): void {
    this.#leave()
    this.socket.pause()
    if (this.#bytes.length > 0) this.socket.unshift(this.#bytes)
    this.#onSpoken(this.socket, spoken)
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
