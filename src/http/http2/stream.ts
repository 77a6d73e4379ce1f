import type { HeaderList } from '../../wire/http1/headers.ts'
import type { ErrorName } from '../../wire/http2/error.ts'
import { DEFAULT_FRAME_BYTES, MAX_WINDOW_BYTES } from '../../wire/http2/frame.ts'
import type { Http2Connection } from './connection.ts'

/** What the peer may send on one stream before we give more. */
export const STREAM_WINDOW_BYTES = 1024 * 1024

/**
 * One stream: its two windows, what waits to be sent on it, and which sides have ended. What is received is given
 * back to the peer's windows when the reader has taken it, in large steps.
 */
export abstract class Http2Stream {
  readonly id: number
  /** The peer has ended its side. */
  remoteEnded = false
  /** We have ended our side: the last frame is in the batch. */
  localEnded = false
  /** Reset by one side, or the connection is gone. */
  broken = false
  /** The reader is behind: what comes is not given back. */
  paused = false
  protected readonly connection: Http2Connection
  #sendWindow: number
  #receiveWindow = STREAM_WINDOW_BYTES
  /** Received, and not given back to either window. */
  #heldBytes = 0
  /** Given back to the connection, and not yet to the stream. */
  #returnBytes = 0
  #queue: Buffer[] = []
  #ending = false
  #trailers: HeaderList | undefined
  /** A `put` was told to wait. */
  #awaitsRoom = false

  constructor(connection: Http2Connection, id: number) {
    this.connection = connection
    this.id = id
    this.#sendWindow = connection.peerSettings.initialWindowBytes
  }

  // ---- what the two roles do with it

  /** Trailers, or for a client the head. Throws MessageFault. */
  abstract received(list: string[], tooLarge: boolean, endStream: boolean): void
  /** A piece of the body; with `end` the last one. */
  protected abstract receivedData(slice: Buffer, end: boolean): void
  /** There is room for what waited. */
  protected abstract hasRoom(): void
  /** Whether bytes wait for the peer's windows; told whenever some of them went. */
  protected abstract waits(waiting: boolean): void
  /** The stream ended before its time. `code` is the peer's, or ours. */
  abstract brokenOff(code: ErrorName | number, byPeer: boolean, fault?: string): void
  /** Both sides have ended. */
  abstract finished(): void

  // ---- receiving

  /** false = the peer sent more than the window. */
  takeData(slice: Buffer, flowBytes: number, end: boolean): boolean {
    this.#receiveWindow -= flowBytes
    if (this.#receiveWindow < 0) return false
    this.#heldBytes += flowBytes
    if (end) this.remoteEnded = true
    this.receivedData(slice, end)
    if (!this.paused) this.giveBack()
    return true
  }

  /** The reader has taken what came. */
  giveBack(): void {
    const bytes = this.#heldBytes
    if (bytes === 0) return
    this.#heldBytes = 0
    this.connection.giveBack(bytes)
    this.#returnBytes += bytes
    if (this.remoteEnded || this.broken || this.#returnBytes < STREAM_WINDOW_BYTES / 4) return
    this.connection.growWindow(this.id, this.#returnBytes)
    this.#receiveWindow += this.#returnBytes
    this.#returnBytes = 0
  }

  // ---- sending

  /** All that was given is in the batch or with the kernel. */
  get full(): boolean {
    return this.#queue.length > 0
  }

  /** Sends a part of the body, as far as the windows allow; the rest follows by itself. */
  sendData(data: Buffer): void {
    if (this.localEnded || this.broken) return
    if (data.length > 0) this.#queue.push(data)
    this.#go()
  }

  /** Ends our side. */
  sendEnd(last: Buffer | undefined, trailers: HeaderList | undefined): void {
    if (this.#ending || this.broken) return
    if (last !== undefined && last.length > 0) this.#queue.push(last)
    this.#ending = true
    this.#trailers = trailers
    this.#go()
  }

  /** false = the window would pass 2^31 - 1. */
  growSendWindow(bytes: number): boolean {
    this.#sendWindow += bytes
    if (this.#sendWindow > MAX_WINDOW_BYTES) return false
    if (this.#sendWindow > 0 && this.#queue.length > 0) this.connection.wantsToSend(this)
    return true
  }

  /** The peer has to open this stream's window before anything more can be sent on it. */
  get blocked(): boolean {
    return this.#queue.length > 0 && this.#sendWindow <= 0
  }

  /** Sends one frame of what waits; true = more could follow now. */
  sendFrame(allowedBytes: number): boolean {
    const next = this.#queue[0]
    if (next === undefined || this.broken) return false
    const bytes = Math.min(next.length, allowedBytes, this.#sendWindow, DEFAULT_FRAME_BYTES)
    if (bytes <= 0) return false
    this.#sendWindow -= bytes
    if (bytes === next.length) this.#queue.shift()
    else this.#queue[0] = next.subarray(bytes)
    const last = this.#queue.length === 0 && this.#ending && this.#trailers === undefined
    this.connection.sendData(this.id, bytes === next.length ? next : next.subarray(0, bytes), last)
    if (this.#queue.length > 0) {
      this.waits(true)
      return this.#sendWindow > 0
    }
    this.waits(false)
    if (last) this.ended()
    else if (this.#ending) this.#endNow()
    else if (this.#awaitsRoom) {
      this.#awaitsRoom = false
      this.hasRoom()
    }
    return false
  }

  /** Nothing more is sent: the queue is dropped. */
  drop(): void {
    this.broken = true
    this.#queue = []
    this.giveBack()
  }

  /** Our side has ended with a frame that is in the batch. */
  ended(): void {
    this.localEnded = true
    this.connection.streamEnded(this)
  }

  #go(): void {
    if (this.#queue.length === 0) {
      if (this.#ending) this.#endNow()
      return
    }
    this.connection.sendWhatFits(this)
    if (this.#queue.length === 0) return
    this.#awaitsRoom = true
    this.waits(true)
  }

  #endNow(): void {
    if (this.#trailers === undefined) this.connection.sendData(this.id, EMPTY, true)
    else this.connection.sendHeaders(this.id, [], this.#trailers, true)
    this.ended()
  }
}

const EMPTY = Buffer.alloc(0)
