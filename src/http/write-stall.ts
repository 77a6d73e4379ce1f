import type { Socket } from 'node:net'
import type { Deadline, DeadlineWheel } from './deadline-wheel.ts'

/** Breaks a connection whose client has taken no byte of the answer for too long. */
export class WriteStall implements Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly #socket: Socket
  readonly #wheel: DeadlineWheel
  readonly #stallMs: number
  #waitingBytes = 0

  constructor(socket: Socket, wheel: DeadlineWheel, stallMs: number) {
    this.#socket = socket
    this.#wheel = wheel
    this.#stallMs = stallMs
  }

  watch(): void {
    if (this.deadlineMs !== Number.POSITIVE_INFINITY) return
    this.#waitingBytes = this.#socket.writableLength
    this.#wheel.arm(this, this.#stallMs)
  }

  rest(): void {
    this.#wheel.disarm(this)
  }

  stop(): void {
    this.#wheel.remove(this)
  }

  expire(): void {
    if (this.#socket.writableLength >= this.#waitingBytes) this.#socket.destroy()
    else this.watch()
  }
}
