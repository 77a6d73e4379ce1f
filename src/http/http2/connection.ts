import type { Socket } from 'node:net'
import type { HeaderList } from '../../wire/http1/headers.ts'
import { ErrorCode, type ErrorName, Http2Error } from '../../wire/http2/error.ts'
import { DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES } from '../../wire/http2/frame.ts'
import { FrameDecoder, type FrameSink } from '../../wire/http2/frame-decoder.ts'
import {
  writeGoaway,
  writeHeaders,
  writePing,
  writeReset,
  writeSettingsAck,
  writeWindowUpdate,
} from '../../wire/http2/frame-encoder.ts'
import { HpackDecoder } from '../../wire/http2/hpack-decoder.ts'
import { HpackEncoder } from '../../wire/http2/hpack-encoder.ts'
import { MessageFault } from '../../wire/http2/message.ts'
import { applySettings, encodeSettings, INITIAL_SETTINGS, type Settings } from '../../wire/http2/settings.ts'
import type { Deadline, DeadlineWheel } from '../deadline-wheel.ts'
import { askForMore } from '../socket-reading.ts'
import type { Timers } from '../timers.ts'
import { Alarm } from './alarm.ts'
import { ClosedStreams } from './closed-streams.ts'
import { FrameBatch, type FrameSlab } from './frame-batch.ts'
import { FrameBudget } from './frame-budget.ts'
import { type Http2Stream, STREAM_WINDOW_BYTES } from './stream.ts'

/** What the peer may send on all streams together before we give more. */
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024
const HEADER_TABLE_BYTES = 4096
const MAX_CONTINUATIONS = 32
/** Answers to a peer's frames that it does not read. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024

export interface Http2ConnectionOptions {
  readonly socket: Socket
  readonly wheel: DeadlineWheel
  readonly clock: Timers
  readonly slab: FrameSlab
  readonly settings: Partial<Settings>
  readonly maxHeadBytes: number
  /** For the peer's acknowledgement of our settings, and for a frame or header block that has begun. */
  readonly headTimeoutMs: number
  readonly writeStallMs: number
  readonly lingerMs: number
}

/**
 * What the two ends of an HTTP/2 connection have in common: frames in and out, settings, windows, pings, the life
 * of streams, and the end. Whatever breaks the rules ends the stream or the connection with the code of RFC 9113.
 */
export abstract class Http2Connection implements FrameSink, Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  peerSettings: Settings = INITIAL_SETTINGS
  protected readonly socket: Socket
  protected readonly wheel: DeadlineWheel
  protected readonly streams = new Map<number, Http2Stream>()
  protected readonly batch: FrameBatch
  protected readonly budget: FrameBudget
  protected readonly closedStreams = new ClosedStreams()
  /** Bytes came since this was set to false. */
  protected heard = false
  /** What broke the socket. */
  protected socketError: Error | undefined
  /** No frame is read any more. */
  protected closing = false
  /** The socket is closed. */
  protected gone = false
  protected readonly options: Http2ConnectionOptions
  readonly #frames: FrameDecoder
  readonly #headerDecoder: HpackDecoder
  readonly #headerEncoder = new HpackEncoder()
  readonly #settingsAlarm: Alarm
  #settingsSeen = false
  #sendWindow = DEFAULT_WINDOW_BYTES
  #receiveWindow = CONNECTION_WINDOW_BYTES
  #returnBytes = 0
  /** Streams with something to send, in the order of their turns. */
  readonly #waiting = new Set<Http2Stream>()

  constructor(options: Http2ConnectionOptions) {
    const { socket, wheel, maxHeadBytes } = options
    this.options = options
    this.socket = socket
    this.wheel = wheel
    this.batch = new FrameBatch(socket, wheel, options.slab, options.writeStallMs, this.#onRoom)
    this.budget = new FrameBudget(options.clock)
    // A block may be larger than what we take of it: its request is then answered with 431.
    this.#frames = new FrameDecoder(this, {
      maxBlockBytes: 2 * maxHeadBytes,
      maxContinuations: MAX_CONTINUATIONS,
    })
    this.#headerDecoder = new HpackDecoder(HEADER_TABLE_BYTES, maxHeadBytes)
    this.#settingsAlarm = new Alarm(() =>
      this.fail(new Http2Error('SETTINGS_TIMEOUT', 'our settings were not acknowledged in time')),
    )
    socket.setNoDelay(true)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
  }

  // ---- what the two roles do

  /** The head of a new stream, or of one that is closed. */
  protected abstract opened(streamId: number, list: string[], tooLarge: boolean, endStream: boolean): void
  /** Whether this stream has not been opened yet: a frame on it is a connection error. */
  protected abstract isIdle(streamId: number): boolean
  /** The peer sent what the codec refuses; `isServed`: on a stream that is there. */
  protected abstract rejected(error: Http2Error | MessageFault, isServed: boolean): void
  /** The peer opens no more streams, or takes none. */
  abstract goaway(lastStreamId: number, code: number): void
  protected abstract settled(): void
  /** The highest stream of the peer that was or will be looked at. */
  protected abstract get lastStreamId(): number
  /** No stream is open any more. */
  protected abstract quiet(): void
  /** The socket has closed. */
  protected abstract closed(): void
  abstract pingAcknowledged(opaque: Buffer): void
  abstract expire(): void

  /** Our first frames, after the preface of a client. */
  protected begin(preface: string): void {
    const { out } = this.batch
    const settings = encodeSettings({ initialWindowBytes: STREAM_WINDOW_BYTES, ...this.options.settings })
    out.ensure(preface.length + settings.length)
    out.at += out.bytes.write(preface, out.at, 'latin1')
    out.at += settings.copy(out.bytes, out.at)
    writeWindowUpdate(out, 0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES)
    this.wheel.arm(this.#settingsAlarm, this.options.headTimeoutMs)
  }

  // ---- bytes in

  /** For bytes that came before this connection had the socket. */
  take(bytes: Buffer): void {
    this.#onData(bytes)
  }

  /** What comes before the first frame; returns where the frames begin, or -1 for "more bytes". */
  protected readPreface(_bytes: Buffer): number {
    return 0
  }

  readonly #onData = (bytes: Buffer): void => {
    askForMore(this.socket)
    if (this.closing) return
    this.heard = true
    const wasPending = this.#frames.pending
    try {
      const from = this.readPreface(bytes)
      if (from === -1) return
      this.#frames.decode(bytes, from)
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error
      this.rejected(error, false)
      this.fail(error)
    }
    if (this.closing) return
    const { pending } = this.#frames
    if (pending && !wasPending) this.wheel.arm(this, this.options.headTimeoutMs)
    else if (!pending && wasPending) this.wheel.disarm(this)
    if (!pending && this.streams.size === 0) this.quiet()
  }

  /** A frame or header block has begun to arrive. */
  protected get midFrame(): boolean {
    return this.#frames.pending
  }

  headers(streamId: number, block: Buffer, endStream: boolean): void {
    this.#needSettings()
    const list = this.#headerDecoder.decode(block)
    const { tooLarge } = this.#headerDecoder
    const stream = this.streams.get(streamId)
    try {
      if (stream === undefined) this.opened(streamId, list, tooLarge, endStream)
      else if (stream.remoteEnded) this.#fault(streamId, 'STREAM_CLOSED')
      else stream.received(list, tooLarge, endStream)
    } catch (error) {
      if (!(error instanceof MessageFault)) throw error
      this.rejected(error, stream !== undefined)
      this.#fault(streamId, 'PROTOCOL_ERROR', error.message)
    }
  }

  data(streamId: number, slice: Buffer, flowBytes: number, end: boolean): void {
    this.#receiveWindow -= flowBytes
    if (this.#receiveWindow < 0)
      throw new Http2Error('FLOW_CONTROL_ERROR', "DATA beyond the connection's window")
    const stream = this.streams.get(streamId)
    if (stream === undefined || stream.remoteEnded) {
      if (this.isIdle(streamId)) throw new Http2Error('PROTOCOL_ERROR', 'DATA on a stream that is not open')
      this.giveBack(flowBytes)
      // What was on its way when we reset the stream is not the peer's fault.
      if (!this.closedStreams.wasReset(streamId)) this.#fault(streamId, 'STREAM_CLOSED')
      return
    }
    try {
      if (!stream.takeData(slice, flowBytes, end)) this.#fault(streamId, 'FLOW_CONTROL_ERROR')
      else if (end) this.streamEnded(stream)
    } catch (error) {
      if (!(error instanceof MessageFault)) throw error
      this.rejected(error, true)
      this.#fault(streamId, 'PROTOCOL_ERROR', error.message)
    }
  }

  reset(streamId: number, code: number): void {
    if (this.isIdle(streamId))
      throw new Http2Error('PROTOCOL_ERROR', 'RST_STREAM on a stream that is not open')
    this.spend()
    const stream = this.streams.get(streamId)
    if (stream === undefined) return
    this.#forget(stream, false)
    stream.drop()
    stream.brokenOff(code, true)
    this.#afterStream()
  }

  streamFault(streamId: number, message: string): void {
    if (!this.streams.has(streamId)) throw new Http2Error('PROTOCOL_ERROR', message)
    this.#fault(streamId, 'PROTOCOL_ERROR')
  }

  settings(payload: Buffer): void {
    this.#settingsSeen = true
    this.spend()
    const before = this.peerSettings
    this.peerSettings = applySettings(before, payload)
    this.#headerEncoder.setMaxTableBytes(this.peerSettings.headerTableBytes)
    const grown = this.peerSettings.initialWindowBytes - before.initialWindowBytes
    if (grown !== 0)
      for (const stream of this.streams.values())
        if (!stream.growSendWindow(grown))
          throw new Http2Error('FLOW_CONTROL_ERROR', "a stream's window was grown above 2^31 - 1")
    writeSettingsAck(this.batch.out)
    this.settled()
  }

  settingsAcknowledged(): void {
    this.wheel.remove(this.#settingsAlarm)
  }

  ping(opaque: Buffer): void {
    this.spend()
    writePing(this.batch.out, opaque, true)
  }

  windowUpdate(streamId: number, increment: number): void {
    this.spend()
    if (streamId === 0) {
      this.#sendWindow += increment
      if (this.#sendWindow > MAX_WINDOW_BYTES)
        throw new Http2Error('FLOW_CONTROL_ERROR', "the connection's window was grown above 2^31 - 1")
      if (this.#waiting.size > 0) this.batch.release()
      return
    }
    const stream = this.streams.get(streamId)
    if (stream === undefined) {
      if (this.isIdle(streamId))
        throw new Http2Error('PROTOCOL_ERROR', 'WINDOW_UPDATE on a stream that is not open')
    } else if (!stream.growSendWindow(increment)) this.#fault(streamId, 'FLOW_CONTROL_ERROR')
  }

  idleFrame(): void {
    this.spend()
  }

  /** A frame that brings nothing. */
  protected spend(): void {
    this.#needSettings()
    if (!this.budget.spend() || this.batch.waitingBytes > MAX_UNREAD_BYTES)
      throw new Http2Error('ENHANCE_YOUR_CALM', 'too many frames that only cost work')
  }

  /** RFC 9113 section 3.4: SETTINGS come first. */
  #needSettings(): void {
    if (!this.#settingsSeen) throw new Http2Error('PROTOCOL_ERROR', 'the first frame is not SETTINGS')
  }

  /** A stream error. A peer that makes us reset streams is counted like one that resets them (CVE-2025-8671). */
  #fault(streamId: number, code: ErrorName, message?: string): void {
    this.spend()
    this.resetStream(streamId, code, message)
  }

  // ---- frames out, for the streams

  sendHeaders(id: number, pseudo: readonly string[], fields: HeaderList | undefined, end: boolean): void {
    const { out } = this.batch
    const start = out.at
    writeHeaders(out, this.#headerEncoder, id, pseudo, fields, end)
    if (!end) this.batch.mayEnd(id, start)
  }

  sendData(streamId: number, slice: Buffer, end: boolean): void {
    this.#sendWindow -= slice.length
    this.budget.earn()
    this.batch.data(streamId, slice, end)
  }

  /** Sends at once what the windows and the socket take; the rest waits for its turn. */
  sendWhatFits(stream: Http2Stream): void {
    if (!this.#waiting.has(stream))
      while (!this.batch.full && stream.sendFrame(this.#sendWindow)) {
        // One frame after another.
      }
    if (stream.full && !stream.blocked) this.wantsToSend(stream)
  }

  wantsToSend(stream: Http2Stream): void {
    this.#waiting.add(stream)
    this.batch.release()
  }

  growWindow(streamId: number, bytes: number): void {
    writeWindowUpdate(this.batch.out, streamId, bytes)
  }

  giveBack(bytes: number): void {
    this.#returnBytes += bytes
    if (this.#returnBytes < CONNECTION_WINDOW_BYTES / 4 || this.closing) return
    this.#receiveWindow += this.#returnBytes
    writeWindowUpdate(this.batch.out, 0, this.#returnBytes)
    this.#returnBytes = 0
  }

  /** Every waiting stream sends a frame in its turn, while the window and the socket have room. */
  readonly #onRoom = (): void => {
    for (const stream of this.#waiting) {
      if (this.#sendWindow <= 0 || this.batch.full || this.gone) return
      this.#waiting.delete(stream)
      if (stream.sendFrame(this.#sendWindow)) this.#waiting.add(stream)
    }
  }

  // ---- the life of streams

  /** One side of a stream has ended. */
  streamEnded(stream: Http2Stream): void {
    if (!stream.localEnded || !stream.remoteEnded || this.streams.get(stream.id) !== stream) return
    this.#forget(stream, false)
    stream.giveBack()
    stream.finished()
    this.#afterStream()
  }

  /** Breaks a stream off, with what the peer did wrong. For one that does not exist (any more) the peer is told all the same. */
  resetStream(streamId: number, code: ErrorName, fault?: string): void {
    const stream = this.streams.get(streamId)
    if (!this.gone) writeReset(this.batch.out, streamId, ErrorCode[code])
    if (stream === undefined) {
      this.closedStreams.add(streamId, true)
      return
    }
    this.#forget(stream, true)
    stream.drop()
    stream.brokenOff(code, false, fault)
    this.#afterStream()
  }

  #forget(stream: Http2Stream, reset: boolean): void {
    this.streams.delete(stream.id)
    this.#waiting.delete(stream)
    this.closedStreams.add(stream.id, reset)
  }

  /** A stream is over: there is room for another one. */
  protected freed(): void {}

  #afterStream(): void {
    this.freed()
    if (this.streams.size === 0 && !this.midFrame && !this.closing) this.quiet()
  }

  // ---- the end

  protected sendGoaway(lastStreamId: number, code: ErrorName, debug: string): void {
    writeGoaway(this.batch.out, lastStreamId, ErrorCode[code], debug)
  }

  protected sendPing(opaque: Buffer): void {
    writePing(this.batch.out, opaque, false)
  }

  /** A connection error: says so, and ends (RFC 9113 section 5.4.1). */
  protected fail(error: Http2Error): void {
    if (this.closing || this.gone) return
    this.sendGoaway(this.lastStreamId, error.code, error.message)
    this.breakStreams(error.code)
    this.linger()
  }

  protected breakStreams(code: ErrorName): void {
    const streams = [...this.streams.values()]
    this.streams.clear()
    this.#waiting.clear()
    for (const stream of streams) {
      stream.drop()
      stream.brokenOff(code, false)
    }
  }

  /** Ends our side, and drops what still comes until the peer ends its own. */
  protected linger(): void {
    if (this.closing) return
    this.closing = true
    this.wheel.remove(this.#settingsAlarm)
    this.wheel.disarm(this)
    this.batch.end(() => this.wheel.arm(this, this.options.lingerMs))
    this.socket.resume()
  }

  destroy(): void {
    this.socket.destroy()
  }

  readonly #onEnd = (): void => {
    this.breakStreams('CANCEL')
    this.linger()
  }

  readonly #onError = (error: Error): void => {
    this.socketError ??= error
    this.gone = true
  }

  readonly #onClose = (): void => {
    this.gone = true
    this.closing = true
    this.batch.closed()
    this.wheel.remove(this)
    this.wheel.remove(this.#settingsAlarm)
    this.breakStreams('CANCEL')
    this.closed()
  }
}
