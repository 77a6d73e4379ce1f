import type { Socket } from 'node:net'
import { ByteWriter } from '../../wire/http2/byte-writer.ts'
import { Flag, FrameType } from '../../wire/http2/frame.ts'
import { writeFrameHead } from '../../wire/http2/frame-encoder.ts'
import type { Deadline, DeadlineWheel } from '../deadline-wheel.ts'

const SLAB_BYTES = 16 * 1024
/** With less room than this a slab is let go. */
const LEAST_ROOM_BYTES = 2048
/** Below this a copy is cheaper than one more Buffer in a gathered write. */
const COPY_BYTES = 2048
/** More than this is not put into one batch: the other streams and connections have their turn. */
const BATCH_BYTES = 128 * 1024

/** The Buffer into which the connections of one server or client write their frames, one after another. */
export class FrameSlab {
  #spare: ByteWriter | undefined

  take(): ByteWriter {
    const spare = this.#spare
    this.#spare = undefined
    return spare ?? new ByteWriter(Buffer.allocUnsafeSlow(SLAB_BYTES))
  }

  give(writer: ByteWriter): void {
    if (writer.bytes.length - writer.at >= LEAST_ROOM_BYTES) this.#spare = writer
  }
}

/**
 * The sending side of an HTTP/2 connection: gathers the frames of one turn of the loop and sends them with one
 * system call. Ends a connection whose peer takes no byte for too long.
 */
export class FrameBatch implements Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  /** Called after a batch was sent, and when a full socket has room again. */
  readonly #onRoom: () => void
  readonly #socket: Socket
  readonly #wheel: DeadlineWheel
  readonly #slab: FrameSlab
  readonly #stallMs: number
  #writer: ByteWriter | undefined
  #start = 0
  #parts: Buffer[] = []
  #partBytes = 0
  /** The DATA or HEADERS frame that was written last: while nothing follows it, it can still end its stream. */
  #tailStream = 0
  #tailFlags = 0
  #tailEnd = 0
  #scheduled: NodeJS.Immediate | undefined
  #held = false
  #watching = false
  #waitingBytes = 0
  #closed = false

  constructor(socket: Socket, wheel: DeadlineWheel, slab: FrameSlab, stallMs: number, onRoom: () => void) {
    this.#socket = socket
    this.#wheel = wheel
    this.#slab = slab
    this.#stallMs = stallMs
    this.#onRoom = onRoom
  }

  /** No more DATA now; other frames are taken at any time. */
  get full(): boolean {
    return this.#partBytes >= BATCH_BYTES || this.#socket.writableNeedDrain
  }

  /** What the peer has not taken yet. */
  get waitingBytes(): number {
    return this.#socket.writableLength
  }

  /** Where to write frames. The batch is sent by itself at the end of this turn. */
  get out(): ByteWriter {
    if (this.#writer === undefined) {
      this.#writer = this.#slab.take()
      this.#start = this.#writer.at
    }
    this.#schedule()
    return this.#writer
  }

  data(streamId: number, slice: Buffer, end: boolean): void {
    const out = this.out
    if (slice.length === 0 && end && this.#tailStream === streamId && this.#tailEnd === out.at) {
      out.bytes[this.#tailFlags]! |= Flag.END_STREAM
      return
    }
    const start = out.at
    writeFrameHead(out, slice.length, FrameType.DATA, end ? Flag.END_STREAM : 0, streamId)
    this.#partBytes += slice.length
    if (slice.length <= COPY_BYTES) {
      out.ensure(slice.length)
      slice.copy(out.bytes, out.at)
      out.at += slice.length
    } else {
      this.#cut()
      this.#parts.push(slice)
    }
    this.mayEnd(streamId, start)
  }

  /**
   * The frame that begins at `start` is the last of its stream so far: an end that follows at once is put into it.
   * gRPC asks for that: an answer of trailers alone is one HEADERS frame.
   */
  mayEnd(streamId: number, start: number): void {
    this.#tailStream = streamId
    this.#tailFlags = start + 4
    this.#tailEnd = this.#writer!.at
  }

  /** Nothing is sent until the connection is there: then call `release`. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#schedule()
  }

  /** Sends what is gathered. */
  flush(): void {
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    if (this.#closed) return
    this.#send()
    if (!this.#socket.writableNeedDrain) this.#onRoom()
  }

  /** Sends what is gathered and ends our side; `flushed` is called when the kernel has all of it. */
  end(flushed: () => void): void {
    this.#send()
    if (this.#socket.writableLength > 0) this.#watch()
    this.#socket.end(() => {
      this.#wheel.disarm(this)
      if (!this.#closed) flushed()
    })
  }

  closed(): void {
    this.#closed = true
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled)
    this.#wheel.remove(this)
    this.#parts = []
    this.#writer = undefined
  }

  expire(): void {
    if (this.#socket.writableLength >= this.#waitingBytes) this.#socket.destroy()
    else this.#watch()
  }

  #schedule(): void {
    if (this.#scheduled === undefined && !this.#held && !this.#closed)
      this.#scheduled = setImmediate(this.#flushNow)
  }

  readonly #flushNow = (): void => this.flush()

  #cut(): void {
    const writer = this.#writer!
    if (writer.at > this.#start) this.#parts.push(writer.bytes.subarray(this.#start, writer.at))
    this.#start = writer.at
  }

  #send(): void {
    if (this.#writer !== undefined) {
      this.#cut()
      this.#slab.give(this.#writer)
      this.#writer = undefined
    }
    const parts = this.#parts
    if (parts.length === 0) return
    const socket = this.#socket
    this.#parts = []
    this.#partBytes = 0
    this.#tailStream = 0
    if (parts.length === 1) socket.write(parts[0]!)
    else {
      socket.cork()
      for (const part of parts) socket.write(part)
      socket.uncork()
    }
    if (socket.writableNeedDrain) this.#watch()
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
    this.#onRoom()
  }
}
