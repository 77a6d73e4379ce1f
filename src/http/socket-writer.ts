import type { Socket } from 'node:net'
import type { Deadline, DeadlineWheel } from './deadline-wheel.ts'
import { clientGone } from './server/error.ts'

/** Below this a copy is cheaper than a gathered write. */
const COPY_BYTES = 4096

/**
 * The sending side of a server's connection: one system call a message, backpressure as a promise, and an end for
 * a client that takes no byte for too long.
 */
export class SocketWriter implements Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  /** The connection has closed or broken: what is written is dropped. */
  gone = false
  /** Called when a full socket has room again. */
  onRoom: (() => void) | undefined
  readonly #socket: Socket
  readonly #wheel: DeadlineWheel
  readonly #stallMs: number
  #room: PromiseWithResolvers<void> | undefined
  #watching = false
  #waitingBytes = 0

  constructor(socket: Socket, wheel: DeadlineWheel, stallMs: number) {
    this.#socket = socket
    this.#wheel = wheel
    this.#stallMs = stallMs
  }

  /** Sends `text` (latin1), `data` and `end` as one write. */
  write(text: string, data?: Buffer, end = ''): void {
    if (this.gone) return
    const socket = this.#socket
    if (data === undefined) socket.write(text + end, 'latin1')
    else if (data.length < COPY_BYTES) {
      // One string is written straight from where it lies; a Buffer for all of it would have to be made first.
      socket.write(text + data.toString('latin1') + end, 'latin1')
    } else {
      socket.cork()
      if (text !== '') socket.write(text, 'latin1')
      socket.write(data)
      if (end !== '') socket.write(end, 'latin1')
      socket.uncork()
    }
    if (socket.writableNeedDrain) this.#watch()
  }

  /** More is waiting here than the socket wants; `onRoom` follows. */
  get full(): boolean {
    return this.#socket.writableNeedDrain
  }

  /** undefined while there is room, else a promise for it; rejects with `client_gone`. */
  drained(): Promise<void> | undefined {
    if (!this.gone && !this.#socket.writableNeedDrain) return undefined
    if (this.#room === undefined) {
      this.#room = Promise.withResolvers()
      // A handler that does not wait for room must not end the process when the client goes.
      this.#room.promise.catch(() => {})
      if (this.gone) this.#room.reject(clientGone())
    }
    return this.#room.promise
  }

  /** Ends our side; `flushed` is called when the kernel has all of it. */
  end(flushed: () => void): void {
    if (this.#socket.writableLength > 0) this.#watch()
    this.#socket.end(() => {
      this.#wheel.disarm(this)
      if (!this.gone) flushed()
    })
  }

  /** Tells the client that its answer is broken off. */
  reset(): void {
    try {
      this.#socket.resetAndDestroy()
    } catch {
      // Only plain TCP knows the reset.
      this.#socket.destroy()
    }
  }

  /** The socket is somebody else's from here on. */
  release(): void {
    this.#wheel.remove(this)
    this.#socket.off('drain', this.#onDrain)
  }

  /** The socket has closed. */
  closed(): void {
    this.gone = true
    this.#wheel.remove(this)
    this.#room?.reject(clientGone())
  }

  expire(): void {
    if (this.#socket.writableLength >= this.#waitingBytes) this.#socket.destroy()
    else this.#watch()
  }

  #watch(): void {
    if (this.deadlineMs !== Number.POSITIVE_INFINITY) return
    if (!this.#watching) {
      this.#watching = true
      this.#socket.on('drain', this.#onDrain)
    }
    this.#waitingBytes = this.#socket.writableLength
    this.#wheel.arm(this, this.#stallMs)
  }

  readonly #onDrain = (): void => {
    this.#wheel.disarm(this)
    this.#room?.resolve()
    this.#room = undefined
    this.onRoom?.()
  }
}
