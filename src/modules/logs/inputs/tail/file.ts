import type { Position } from '../../batch.ts'
import type { Encoding } from './encoding.ts'
import { formatMark, Trail } from './mark.ts'

/**
 * What tail knows of one file. Its identity is the key (device and inode); paths come and go.
 *
 * `safe <= next <= size` (all that tail has seen). The scan writes what the file system says (`size`, `path`,
 * `attached`, `links`), the pump writes what was read (`next`, `safe`, `trail`); a close belongs to whoever finds
 * the file not `busy`.
 */
export class TailedFile {
  readonly key: string
  /** Where it was found first; people and outputs know it by this name. */
  readonly path: string
  /** Where it is now, as far as a pattern leads to it. */
  at: string
  fd: number | undefined
  /** The next byte to read. */
  next = 0
  /** Everything before is safe in the sink. */
  safe = 0
  /** As last seen. */
  size = 0
  trail = new Trail()
  /** The byte at `next` goes on with a line of which pieces are out. */
  midLine = false
  /** The size at which all that is left was a line without its end. */
  heldSize = -1
  /** What one read must bring, because the line at `next` is longer than the last one brought. */
  wantBytes = 0
  /** What it is written in; undefined until its first bytes are seen. */
  encoding: Encoding | undefined
  /** What is read next does not go on where the last read ended. */
  begins = true
  /** After this moment (monotonic) it may be read again at its rate. */
  restUntilMs = 0
  /** Truncated under a writer that does not append: zeros up to its old offset come first. */
  mayStartWithHole = false

  /** A pattern leads to it. */
  attached = true
  /** Another file has taken its path. */
  replaced = false
  /** How many names it has; 0 = deleted. */
  links = 1
  modifiedNs = 0n
  /** Monotonic; of its last growth, or of the moment it lost its path. */
  changedMs: number
  /** Monotonic; of the last time that something of it became safe or nothing was waiting. */
  progressMs: number

  /** Nothing more is expected: an unterminated rest is handed out, then it is closed. */
  finishing = false
  /** Compressed, so none of our business, as long as it does not get smaller. */
  skipped = false
  /** A copy that copytruncate made of a file that is read already; taken up when that one is truncated. */
  copyOf: TailedFile | undefined
  /** Nothing of it was read, and what it held is gone: it was truncated after this time. */
  emptiedSinceNs: bigint | undefined
  /** The real path, when it is reached through a symbolic link. */
  realPath: string | undefined

  /** It was written to and is no larger: what it holds may be another content of the same length. */
  doubtful = false
  /** A read brought less than the file's size had promised. */
  cameShort = false
  queued = false
  /** A read is under way, or what it brought waits for the sink. */
  busy = false
  /** Its descriptor is in use. */
  reading = false
  /** The sink's call under way; resolves to whether it took the lines. */
  sinking: Promise<boolean> | undefined
  /** After a failure: not before this moment (monotonic). */
  retryAtMs = 0

  constructor(key: string, path: string, nowMs: number) {
    this.key = key
    this.path = path
    this.at = path
    this.changedMs = nowMs
    this.progressMs = nowMs
  }

  /** What a read could bring. */
  get unread(): number {
    return Math.max(0, this.size - this.next)
  }

  /** All that is left is a line without its end. */
  get isHeld(): boolean {
    return this.unread > 0 && this.heldSize === this.size
  }

  get isReadable(): boolean {
    if (this.fd === undefined || this.skipped || this.copyOf) return false
    if (this.size < this.next || this.doubtful) return true
    return this.unread > 0 && (!this.isHeld || this.finishing)
  }

  /** Everything that can be handed out is safe. */
  get isDone(): boolean {
    return !this.isReadable && !this.busy && this.sinking === undefined
  }

  position(): Position {
    return { file: this.key, offset: this.next, mark: formatMark(this.trail.mark()) }
  }

  /** What `position` was at an earlier offset, before which `recent` lies. */
  positionAt(offset: number, recent: Uint8Array, trail: Trail): Position {
    return { file: this.key, offset, mark: formatMark(trail.markAt(offset, recent)) }
  }

  /** The content is another one: nothing of it is read. */
  restart(): void {
    this.next = 0
    this.safe = 0
    this.trail = new Trail()
    this.midLine = false
    this.encoding = undefined
    this.begins = true
    this.heldSize = -1
    this.wantBytes = 0
    this.skipped = false
    this.doubtful = false
  }

  /** `bytes` were read; `next` moves behind them. */
  pass(bytes: Buffer, midLine: boolean): void {
    this.trail.pass(bytes)
    this.next += bytes.length
    this.begins = false
    this.midLine = midLine
    this.heldSize = -1
    this.wantBytes = 0
  }
}
