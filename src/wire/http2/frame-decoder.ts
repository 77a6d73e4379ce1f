import { Http2Error } from './error.ts'
import { DEFAULT_FRAME_BYTES, Flag, FRAME_HEAD_BYTES, FrameType } from './frame.ts'

/** What the decoder tells. A method may throw Http2Error too: it comes out of `decode`. */
export interface FrameSink {
  /**
   * A piece of a DATA frame, as it arrives: a slice of the given bytes, maybe empty. `flowBytes` counts against the
   * flow-control windows (the slice and its padding). `end`: the frame is over and ends the stream.
   */
  data(streamId: number, slice: Buffer, flowBytes: number, end: boolean): void
  /** A whole header block, its CONTINUATION frames joined. */
  headers(streamId: number, block: Buffer, endStream: boolean): void
  reset(streamId: number, code: number): void
  /** The payload of a SETTINGS frame: a multiple of six bytes. */
  settings(payload: Buffer): void
  settingsAcknowledged(): void
  ping(opaque: Buffer): void
  pingAcknowledged(opaque: Buffer): void
  goaway(lastStreamId: number, code: number): void
  /** `streamId` 0 is the connection's window. `increment` is at least 1. */
  windowUpdate(streamId: number, increment: number): void
  /** A frame without effect: PRIORITY, empty DATA, an unknown type. For counting. */
  idleFrame(): void
  /** A frame breaks the rules of its stream only (RFC 9113 section 5.4.2). */
  streamFault(streamId: number, message: string): void
}

export interface BlockLimits {
  /** Of one compressed header block; above it the connection ends with ENHANCE_YOUR_CALM. */
  readonly maxBlockBytes: number
  /** CONTINUATION frames of one header block. */
  readonly maxContinuations: number
}

const EMPTY = Buffer.alloc(0)

/**
 * Reads frames (RFC 9113 section 4) from bytes that come split anyhow. DATA is handed on in slices as it arrives;
 * other frames are gathered when they are split. Strict about lengths, stream ids, flags and padding: throws
 * Http2Error, after which the decoder must not be used.
 */
export class FrameDecoder {
  readonly #sink: FrameSink
  readonly #limits: BlockLimits
  /** For nine bytes that come split, which is rare: made when they do. */
  #head: Buffer | undefined
  #headBytes = 0
  #inPayload = false
  #type = 0
  #flags = 0
  #streamId = 0
  #length = 0
  /** A payload that came split. */
  #held: Buffer | undefined
  #heldBytes = 0
  /** Of the DATA frame under way: what is left of its bytes, and how much of that is padding (-1 = not read yet). */
  #dataLeft = 0
  #padding = 0
  /** The header block under way. */
  #blockStream = 0
  #blockEndsStream = false
  #block: Buffer[] = []
  #blockBytes = 0
  #continuations = 0

  constructor(sink: FrameSink, limits: BlockLimits) {
    this.#sink = sink
    this.#limits = limits
  }

  /** Something other than DATA has begun to arrive, and its end must follow soon. */
  get pending(): boolean {
    return (
      this.#headBytes > 0 || this.#blockStream !== 0 || (this.#inPayload && this.#type !== FrameType.DATA)
    )
  }

  decode(bytes: Buffer, from = 0): void {
    let at = from
    while (at < bytes.length || this.#payloadIsEmpty()) {
      if (!this.#inPayload) at = this.#takeHead(bytes, at)
      else if (this.#type === FrameType.DATA) at = this.#takeData(bytes, at)
      else at = this.#takePayload(bytes, at)
    }
  }

  #payloadIsEmpty(): boolean {
    return this.#inPayload && this.#length === 0
  }

  // ---- the nine bytes before each frame

  #takeHead(bytes: Buffer, at: number): number {
    if (this.#headBytes === 0 && bytes.length - at >= FRAME_HEAD_BYTES) {
      this.#readHead(bytes, at)
      return at + FRAME_HEAD_BYTES
    }
    const wanted = FRAME_HEAD_BYTES - this.#headBytes
    const head = (this.#head ??= Buffer.alloc(FRAME_HEAD_BYTES))
    const copied = bytes.copy(head, this.#headBytes, at, at + wanted)
    this.#headBytes += copied
    if (this.#headBytes === FRAME_HEAD_BYTES) {
      this.#headBytes = 0
      this.#readHead(head, 0)
    }
    return at + copied
  }

  #readHead(bytes: Buffer, at: number): void {
    this.#length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
    this.#type = bytes[at + 3]!
    this.#flags = bytes[at + 4]!
    this.#streamId = readStreamId(bytes, at + 5)
    this.#inPayload = true
    if (this.#length > DEFAULT_FRAME_BYTES)
      throw new Http2Error('FRAME_SIZE_ERROR', `a frame of ${this.#length} bytes, above the maximum`)
    if (this.#blockStream !== 0) this.#checkContinuation()
    this.#checkFrame()
  }

  #checkContinuation(): void {
    if (this.#type !== FrameType.CONTINUATION || this.#streamId !== this.#blockStream)
      throw new Http2Error('PROTOCOL_ERROR', 'another frame within a header block')
    if (++this.#continuations > this.#limits.maxContinuations)
      throw new Http2Error('ENHANCE_YOUR_CALM', 'a header block in too many CONTINUATION frames')
  }

  /** What can be said before the payload: which frames have a stream, and which lengths they have. */
  #checkFrame(): void {
    const length = this.#length
    switch (this.#type) {
      case FrameType.DATA:
        this.#onStream('DATA')
        this.#dataLeft = length
        this.#padding = this.#flags & Flag.PADDED ? -1 : 0
        this.#sized(length > 0 || this.#padding === 0, 'DATA')
        return
      case FrameType.HEADERS: {
        this.#onStream('HEADERS')
        const least = (this.#flags & Flag.PADDED ? 1 : 0) + (this.#flags & Flag.PRIORITY ? 5 : 0)
        this.#sized(length >= least, 'HEADERS')
        return
      }
      case FrameType.PRIORITY:
        this.#onStream('PRIORITY')
        this.#sized(length === 5, 'PRIORITY')
        return
      case FrameType.RST_STREAM:
        this.#onStream('RST_STREAM')
        this.#sized(length === 4, 'RST_STREAM')
        return
      case FrameType.SETTINGS:
        this.#onConnection('SETTINGS')
        this.#sized(length % 6 === 0 && (length === 0 || (this.#flags & Flag.ACK) === 0), 'SETTINGS')
        return
      case FrameType.PUSH_PROMISE:
        throw new Http2Error('PROTOCOL_ERROR', 'PUSH_PROMISE, which nobody may send here')
      case FrameType.PING:
        this.#onConnection('PING')
        this.#sized(length === 8, 'PING')
        return
      case FrameType.GOAWAY:
        this.#onConnection('GOAWAY')
        this.#sized(length >= 8, 'GOAWAY')
        return
      case FrameType.WINDOW_UPDATE:
        this.#sized(length === 4, 'WINDOW_UPDATE')
        return
      case FrameType.CONTINUATION:
        if (this.#blockStream === 0)
          throw new Http2Error('PROTOCOL_ERROR', 'CONTINUATION without a header block')
    }
  }

  #onStream(name: string): void {
    if (this.#streamId === 0) throw new Http2Error('PROTOCOL_ERROR', `${name} without a stream`)
  }

  #onConnection(name: string): void {
    if (this.#streamId !== 0) throw new Http2Error('PROTOCOL_ERROR', `${name} on a stream`)
  }

  #sized(right: boolean, name: string): void {
    if (!right) throw new Http2Error('FRAME_SIZE_ERROR', `${name} with a payload of ${this.#length} bytes`)
  }

  // ---- DATA, as it comes

  #takeData(bytes: Buffer, from: number): number {
    let at = from
    let flowBytes = 0
    if (this.#padding === -1) {
      this.#padding = bytes[at++]!
      this.#dataLeft--
      flowBytes = 1
      if (this.#padding > this.#dataLeft)
        throw new Http2Error('PROTOCOL_ERROR', 'DATA with more padding than payload')
    }
    const dataEnd = at + Math.min(bytes.length - at, this.#dataLeft - this.#padding)
    const end = at + Math.min(bytes.length - at, this.#dataLeft)
    const slice = dataEnd === at ? EMPTY : bytes.subarray(at, dataEnd)
    flowBytes += end - at
    this.#dataLeft -= end - at
    this.#padding -= end - dataEnd
    const over = this.#dataLeft === 0
    if (over) {
      this.#inPayload = false
      if (this.#length === 0 && (this.#flags & Flag.END_STREAM) === 0) this.#sink.idleFrame()
    }
    this.#sink.data(this.#streamId, slice, flowBytes, over && (this.#flags & Flag.END_STREAM) !== 0)
    return end
  }

  // ---- the other frames, whole

  #takePayload(bytes: Buffer, at: number): number {
    const length = this.#length
    if (this.#held === undefined) {
      if (bytes.length - at >= length) {
        this.#inPayload = false
        this.#payload(bytes.subarray(at, at + length))
        return at + length
      }
      this.#held = Buffer.allocUnsafe(length)
      this.#heldBytes = 0
    }
    const copied = bytes.copy(this.#held, this.#heldBytes, at, at + length - this.#heldBytes)
    this.#heldBytes += copied
    if (this.#heldBytes === length) {
      const payload = this.#held
      this.#held = undefined
      this.#inPayload = false
      this.#payload(payload)
    }
    return at + copied
  }

  #payload(payload: Buffer): void {
    const sink = this.#sink
    switch (this.#type) {
      case FrameType.HEADERS:
        this.#headersFrame(payload)
        return
      case FrameType.PRIORITY:
        sink.idleFrame()
        this.#checkDependency(payload, 0)
        return
      case FrameType.RST_STREAM:
        sink.reset(this.#streamId, payload.readUInt32BE(0))
        return
      case FrameType.SETTINGS:
        if (this.#flags & Flag.ACK) sink.settingsAcknowledged()
        else sink.settings(payload)
        return
      case FrameType.PING:
        if (this.#flags & Flag.ACK) sink.pingAcknowledged(payload)
        else sink.ping(payload)
        return
      case FrameType.GOAWAY:
        sink.goaway(readStreamId(payload, 0), payload.readUInt32BE(4))
        return
      case FrameType.WINDOW_UPDATE:
        this.#windowFrame(readStreamId(payload, 0))
        return
      case FrameType.CONTINUATION:
        this.#blockPart(payload)
        return
      default:
        sink.idleFrame()
    }
  }

  #headersFrame(payload: Buffer): void {
    let start = 0
    let end = payload.length
    if (this.#flags & Flag.PADDED) {
      end -= payload[0]!
      start = 1
    }
    if (this.#flags & Flag.PRIORITY) {
      this.#checkDependency(payload, start)
      start += 5
    }
    if (end < start) throw new Http2Error('PROTOCOL_ERROR', 'HEADERS with more padding than payload')
    this.#blockStream = this.#streamId
    this.#blockEndsStream = (this.#flags & Flag.END_STREAM) !== 0
    this.#continuations = 0
    this.#blockPart(start === 0 && end === payload.length ? payload : payload.subarray(start, end))
  }

  #blockPart(part: Buffer): void {
    this.#blockBytes += part.length
    if (this.#blockBytes > this.#limits.maxBlockBytes)
      throw new Http2Error('ENHANCE_YOUR_CALM', 'a header block that is larger than this side takes')
    if ((this.#flags & Flag.END_HEADERS) === 0) {
      // The bytes belong to the socket; what is kept beyond this call is copied.
      this.#block.push(Buffer.from(part))
      return
    }
    const block = this.#block.length === 0 ? part : Buffer.concat([...this.#block, part])
    const streamId = this.#blockStream
    this.#block = []
    this.#blockBytes = 0
    this.#blockStream = 0
    this.#sink.headers(streamId, block, this.#blockEndsStream)
  }

  /** Priorities are not followed (RFC 9113 section 5.3.2), yet nothing may depend on itself (RFC 7540 section 5.3.1). */
  #checkDependency(payload: Buffer, at: number): void {
    if (readStreamId(payload, at) === this.#streamId)
      this.#sink.streamFault(this.#streamId, 'a stream that depends on itself')
  }

  #windowFrame(increment: number): void {
    if (increment > 0) this.#sink.windowUpdate(this.#streamId, increment)
    else if (this.#streamId === 0) throw new Http2Error('PROTOCOL_ERROR', 'WINDOW_UPDATE by nothing')
    else this.#sink.streamFault(this.#streamId, 'WINDOW_UPDATE by nothing')
  }
}

/** 31 bits; the reserved one is passed over. */
function readStreamId(bytes: Buffer, at: number): number {
  return ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
