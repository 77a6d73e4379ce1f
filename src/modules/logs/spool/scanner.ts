import { checksum } from './checksum.ts'
import type { DiskFile } from './disk.ts'
import { decodeHead, FRAME_HEAD_BYTES, type FrameHead } from './frame-codec.ts'

/** Frames are small or large; fewer and larger reads cost less, more memory is held by each frame that is under way. */
const CHUNK_BYTES = 256 * 1024

export interface ScannedFrame {
  readonly kind: 'frame'
  readonly head: FrameHead
  /** A view: valid until the next call when the scanner reuses its buffer. */
  readonly payload: Buffer
  /** Where the frame begins and ends in the file. */
  readonly from: number
  readonly to: number
}

export type Scanned =
  | ScannedFrame
  | { readonly kind: 'end' }
  /** The file ends within a frame, or in zeros: a write that a crash cut off. */
  | { readonly kind: 'torn'; readonly at: number }
  /** The frame is there and its content is not what was written. */
  | { readonly kind: 'corrupt'; readonly at: number }

/** Reads frames one after another, in large reads. */
export class FrameScanner {
  readonly #file: DiskFile
  readonly #reuse: boolean
  #at: number
  #chunk: Buffer = Buffer.alloc(0)
  #chunkAt = 0

  /** `reuse`: one buffer for all reads, for callers that keep nothing of a frame. */
  constructor(file: DiskFile, from: number, reuse: boolean) {
    this.#file = file
    this.#at = from
    this.#reuse = reuse
  }

  /** Where the next frame begins. */
  get at(): number {
    return this.#at
  }

  /** The next frame before `limit`, which is the end of the file as far as the caller trusts it. */
  async next(limit: number): Promise<Scanned> {
    const at = this.#at
    if (at >= limit) return { kind: 'end' }
    const head = at + FRAME_HEAD_BYTES <= limit ? await this.#bytes(FRAME_HEAD_BYTES, limit) : undefined
    if (!head) return { kind: 'torn', at }
    const length = head.readUInt32LE(0)
    const crc = head.readUInt32LE(4)
    if (length === 0) return { kind: (await this.#onlyZeros(limit)) ? 'torn' : 'corrupt', at }
    const to = at + FRAME_HEAD_BYTES + length
    const frame = to <= limit ? await this.#bytes(to - at, limit) : undefined
    if (!frame) return { kind: 'torn', at }
    const payload = frame.subarray(FRAME_HEAD_BYTES)
    const decoded = checksum([payload]) === crc ? decodeHead(payload) : undefined
    if (!decoded) return { kind: 'corrupt', at }
    this.#at = to
    return { kind: 'frame', head: decoded, payload, from: at, to }
  }

  /** The bytes from here on; undefined when the file is shorter than it should be. */
  async #bytes(count: number, limit: number): Promise<Buffer | undefined> {
    const held = this.#chunkAt + this.#chunk.length - this.#at
    if (held < count) await this.#fill(count, limit)
    const from = this.#at - this.#chunkAt
    return from + count <= this.#chunk.length ? this.#chunk.subarray(from, from + count) : undefined
  }

  async #fill(count: number, limit: number): Promise<void> {
    const bytes = Math.max(count, Math.min(CHUNK_BYTES, limit - this.#at))
    const rest = this.#chunk.subarray(Math.min(this.#at - this.#chunkAt, this.#chunk.length))
    const whole = this.#chunk.buffer.byteLength
    const fresh =
      this.#reuse && whole >= bytes
        ? Buffer.from(this.#chunk.buffer, 0, bytes)
        : Buffer.allocUnsafeSlow(bytes)
    rest.copy(fresh)
    const kept = rest.length
    const read = await this.#file.read(fresh.subarray(kept), this.#at + kept)
    this.#chunk = fresh.subarray(0, kept + read)
    this.#chunkAt = this.#at
  }

  async #onlyZeros(limit: number): Promise<boolean> {
    const piece = Buffer.allocUnsafe(64 * 1024)
    for (let at = this.#at; at < limit; ) {
      const read = await this.#file.read(piece.subarray(0, Math.min(piece.length, limit - at)), at)
      if (read === 0) return true
      if (piece.subarray(0, read).some(byte => byte !== 0)) return false
      at += read
    }
    return true
  }
}
