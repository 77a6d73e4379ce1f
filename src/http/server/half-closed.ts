import type { Socket } from 'node:net'
import type { ServerResponse } from './response.ts'

/** Clients are used to a few interim answers: Go reads over five at most. */
const ASKS = 3
const ASK_MS = 500

/**
 * A client that has ended its sending side before it had its answer. It may be waiting still, as `nc -N` and the wget of
 * BusyBox do, or be gone: TCP tells which only when something is written. So it is asked by `100 Continue`, which whoever
 * speaks HTTP/1.1 reads over (RFC 9110 section 15.2). The system of a client that is gone answers the first one with a
 * reset, the next one fails, and the connection closes. Where nothing can be asked there is patience.
 */
export class HalfClosed {
  readonly #socket: Pick<Socket, 'bytesWritten'>
  readonly #patienceMs: number
  #asked = 0
  #waitedMs = 0
  #written: number

  constructor(socket: Pick<Socket, 'bytesWritten'>, patienceMs: number) {
    this.#socket = socket
    this.#patienceMs = patienceMs
    this.#written = socket.bytesWritten
  }

  /** When `isPatient` is to be asked next. */
  get waitMs(): number {
    return Math.min(this.#asked < ASKS ? ASK_MS : this.#patienceMs, this.#patienceMs - this.#waitedMs)
  }

  /** False: nothing was written for so long that there is nobody. */
  isPatient(response: ServerResponse): boolean {
    const moves = this.#socket.bytesWritten > this.#written
    this.#waitedMs = moves ? 0 : this.#waitedMs + this.waitMs
    if (this.#waitedMs >= this.#patienceMs) return false
    if (this.#asked < ASKS) {
      this.#asked++
      if (!response.headersSent) response.inform(100)
    }
    this.#written = this.#socket.bytesWritten
    return true
  }
}
