import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Log } from '../../../kernel/log/log.ts'
import type { Frame, Slice } from '../batch.ts'
import type { CursorFile } from './cursor.ts'
import type { Disk, DiskFile } from './disk.ts'
import { diskErrorCode, diskProblem } from './disk-error.ts'
import { decodeBatch } from './frame-codec.ts'
import type { FrameMemory } from './frame-memory.ts'
import { behind, isPast, type Place } from './place.ts'
import { FrameScanner, type ScannedFrame } from './scanner.ts'
import { SEGMENT_HEADER_BYTES, type Segment } from './segment.ts'
import type { Segments } from './segments.ts'

const READ_RETRY_MS = 1000

/** One output's way through the spool. */
export interface SpoolReader {
  readonly name: string
  /**
   * The next records that were not given out yet; undefined when there are none for now. From memory it answers
   * at once, from disk with a promise; one call at a time. Frames without records are left out. The batch's memory
   * is kept for the taker, who lets it go when it is done with all of the records.
   */
  take(): Slice | undefined | Promise<Slice | undefined>
  /** Called after frames were appended: `take` has something again. One listener; an empty function ends it. */
  onAppend(call: () => void): void
  /**
   * Everything up to and with frame `sequence` is done; with `records`, only its first so many are.
   * What is done is not given out again by the next start, and no longer keeps segments on disk.
   */
  ack(sequence: number, records?: number): void
  /** What is not acknowledged yet. `oldestMs`: since when the oldest of it is in the spool, wall clock; undefined when there is none. */
  unsent(): { readonly records: number; readonly bytes: number; readonly oldestMs: number | undefined }
}

/** What a reader shares with the rest of the spool. */
export interface ReaderWorld {
  readonly disk: Disk
  readonly segments: Segments
  readonly memory: FrameMemory
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** The reader has moved: frames in memory and segments may be needed no more. */
  readonly onMoved: (ackedSegment: boolean) => void
  /** A segment cannot be read from `at` on; its rest is skipped. */
  readonly onCorrupt: (segment: Segment, at: number, problem: string) => void
}

interface Outstanding {
  readonly sequence: number
  readonly spooledAtMs: number
  end: Place
}

export class JournalReader implements SpoolReader {
  readonly name: string
  readonly #world: ReaderWorld
  readonly #cursor: CursorFile
  readonly #outstanding: Outstanding[] = []
  /** Of the frame at this sequence, the first records are done already. */
  readonly #resume: { readonly sequence: number; readonly record: number }
  #next: Place
  #acked: Place
  #ackedRecords = 0
  #scanner: FrameScanner | undefined
  #file: DiskFile | undefined
  #scanned: Segment | undefined
  #listener: () => void = () => {}

  constructor(name: string, world: ReaderWorld, cursor: CursorFile, place: Place, record: number) {
    this.name = name
    this.#world = world
    this.#cursor = cursor
    this.#next = place
    this.#acked = place
    this.#ackedRecords = record
    this.#resume = { sequence: place.sequence, record }
  }

  /** Frames below it have been given out. */
  get nextSequence(): number {
    return this.#next.sequence
  }

  hasAcked(segment: Segment): boolean {
    return isPast(this.#acked, segment)
  }

  onAppend(call: () => void): void {
    this.#listener = call
  }

  appended(): void {
    this.#listener()
  }

  take(): Slice | undefined | Promise<Slice | undefined> {
    for (;;) {
      const stored = this.#world.memory.get(this.#next.sequence)
      if (!stored) break
      if (this.#scanner) void this.#closeFile()
      const slice = this.#pass(stored.frame.sequence, stored.spooledAtMs, stored.end, stored.frame)
      if (slice) return slice
    }
    return this.#moreOnDisk() ? this.#takeFromDisk() : undefined
  }

  ack(sequence: number, records?: number): void {
    const before = this.#acked
    const whole = records === undefined ? sequence : sequence - 1
    while (this.#outstanding.length > 0 && this.#outstanding[0]!.sequence <= whole) {
      this.#acked = this.#outstanding.shift()!.end
      this.#ackedRecords = 0
    }
    if (records !== undefined) this.#ackedRecords = records
    this.#saveCursor()
    this.#world.onMoved(before.segment !== this.#acked.segment || this.#atSealedEnd())
  }

  unsent(): { records: number; bytes: number; oldestMs: number | undefined } {
    const { records, bytes } = behind(this.#acked, this.#world.segments)
    const left = records - this.#ackedRecords
    const oldest = this.#outstanding[0] ?? this.#world.memory.get(this.#next.sequence)
    return { records: left, bytes, oldestMs: left > 0 ? oldest?.spooledAtMs : undefined }
  }

  async close(): Promise<void> {
    this.#listener = () => {}
    await this.#closeFile()
  }

  #saveCursor(): void {
    const record = this.#ackedRecords
    const partly =
      record > 0 ? (this.#outstanding[0]?.sequence ?? this.#acked.sequence) : this.#acked.sequence
    this.#cursor.save({ sequence: partly, record })
  }

  #atSealedEnd(): boolean {
    const { segment, offset } = this.#acked
    return segment?.sealed === true && offset >= segment.end
  }

  /** Moves over a frame; its slice, unless nothing in it is left to do. */
  #pass(sequence: number, spooledAtMs: number, end: Place, frame: Frame): Slice | undefined {
    this.#next = end
    const count = frame.batch.count
    const from = sequence === this.#resume.sequence ? Math.min(this.#resume.record, count) : 0
    if (from === count) {
      this.#skipTo(end)
      return undefined
    }
    this.#outstanding.push({ sequence, spooledAtMs, end })
    // Before others hear of the move: they may let it go.
    frame.batch.memory?.keep()
    this.#world.onMoved(false)
    return { frame, from, to: count }
  }

  /** What lies before `end` needs no acknowledgement of its own: it goes with that of the frame before it. */
  #skipTo(end: Place): void {
    this.#next = end
    const last = this.#outstanding.at(-1)
    if (last) last.end = end
    else {
      this.#acked = end
      this.#ackedRecords = 0
    }
    this.#world.onMoved(!last)
  }

  #moreOnDisk(): boolean {
    const { segment, offset } = this.#next
    return (
      (segment !== undefined && offset < segment.end) || this.#world.segments.after(segment) !== undefined
    )
  }

  async #takeFromDisk(): Promise<Slice | undefined> {
    while (!this.#world.signal.aborted) {
      if (this.#world.memory.get(this.#next.sequence)) return this.take()
      const segment = this.#segmentHere()
      if (!segment) return undefined
      const scanned = await this.#scan(segment)
      if (scanned === 'again') continue
      if (scanned === 'skip') {
        this.#skipRest(segment)
        continue
      }
      const slice = this.#passScanned(segment, scanned)
      if (slice) return slice
    }
    return undefined
  }

  /** The damaged rest of a segment is left out, except for what memory still holds of it. */
  #skipRest(segment: Segment): void {
    const { sequence, offset } = this.#next
    const held = this.#world.memory.oldest
    if (held?.end.segment === segment && held.frame.sequence > sequence) {
      const records = held.end.records - held.frame.batch.count
      this.#skipTo({ segment, offset, records, sequence: held.frame.sequence })
    } else this.#skipTo({ segment, offset: segment.end, records: segment.records, sequence })
  }

  #passScanned(segment: Segment, { head, payload, to }: ScannedFrame): Slice | undefined {
    const records = this.#next.records + head.count
    const end = { segment, offset: to, records, sequence: head.sequence + 1 }
    const frame = { sequence: head.sequence, batch: decodeBatch(payload, head) }
    return this.#pass(head.sequence, head.spooledAtMs, end, frame)
  }

  /** The segment that the next frame is in; moves to the next one at the end of each. */
  #segmentHere(): Segment | undefined {
    const { segment, offset, sequence } = this.#next
    if (segment && offset < segment.end) return segment
    const following = this.#world.segments.after(segment)
    if (following) this.#next = { segment: following, offset: SEGMENT_HEADER_BYTES, records: 0, sequence }
    return following
  }

  async #scan(segment: Segment): Promise<ScannedFrame | 'again' | 'skip'> {
    const { disk, clock, log, signal, onCorrupt } = this.#world
    const at = this.#next.offset
    try {
      if (this.#scanned !== segment || this.#scanner?.at !== at) {
        await this.#closeFile()
        this.#file = await disk.open(segment.path, 'read')
        this.#scanned = segment
        this.#scanner = new FrameScanner(this.#file, at, false)
      }
      const scanned = await this.#scanner!.next(segment.end)
      if (scanned.kind === 'frame') return scanned
      onCorrupt(segment, at, 'a frame is not what was written')
      return 'skip'
    } catch (error) {
      await this.#closeFile()
      if (diskErrorCode(error) === 'ENOENT') {
        onCorrupt(segment, at, 'the file is gone')
        return 'skip'
      }
      log.warn('spool_read_failed', `cannot read ${segment.path}: ${diskProblem(error)}; trying again`)
      await clock.sleep(READ_RETRY_MS, signal).catch(() => {})
      return 'again'
    }
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    this.#scanned = undefined
    this.#scanner = undefined
    await file?.close().catch(() => {})
  }
}
