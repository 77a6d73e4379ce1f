import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import type { Log } from '../../../kernel/log/log.ts'
import type { Batch } from '../batch.ts'
import { retainedBytes, withoutBallast, withoutGaps } from './compact.ts'
import type { Disk, DiskFile } from './disk.ts'
import { diskProblem } from './disk-error.ts'
import { type EncodedFrame, encodeFrame, frameBytes } from './frame-codec.ts'
import type { StoredFrame } from './frame-memory.ts'
import { Notice } from './notice.ts'
import {
  encodeSegmentHeader,
  newSegment,
  notePosition,
  SEGMENT_HEADER_BYTES,
  type Segment,
} from './segment.ts'
import type { Segments } from './segments.ts'

/** One write carries at most this much, so that no frame waits long for others. */
const GROUP_BYTES = 1024 * 1024
const GROUP_FRAMES = 64
const RETRY_BASE_MS = 100
const RETRY_MAX_MS = 5000

export interface WriterOptions {
  readonly disk: Disk
  readonly folder: string
  readonly spoolId: Uint8Array
  readonly segments: Segments
  readonly nextSequence: number
  readonly maxBytes: number
  readonly segmentBytes: number
  readonly syncIntervalMs: number
  readonly clock: Clock
  readonly log: Log
  /** Ends waiting for room and for the disk. */
  readonly signal: AbortSignal
  /** Frames are in the page cache. */
  readonly onWritten: (frames: readonly StoredFrame[]) => void
  /** Segments are sealed, or there is no room: somebody should look for segments to delete. */
  readonly onReclaim: () => void
  readonly onError: (kind: 'write' | 'sync', error: unknown) => void
}

/** Why appends wait; undefined when they do not. */
export interface Blocked {
  readonly kind: 'full' | 'disk'
  readonly sinceMs: number
  readonly message: string
}

interface Waiting {
  readonly batch: Batch
  readonly bytes: number
  /** Not held back by `maxBytes`: small frames that the spool's own repair needs. */
  readonly urgent: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface Written {
  readonly waiting: Waiting
  readonly sequence: number
  readonly encoded: EncodedFrame
}

/** Appends frames to the newest segment: one write at a time, all frames that wait for it in one. */
export class SpoolWriter {
  readonly #o: WriterOptions
  readonly #queue: Waiting[] = []
  readonly #room = new Notice()
  /** Files with bytes that are not durable yet, oldest first. */
  readonly #unsynced = new Map<Segment, DiskFile>()
  #active: Segment | undefined
  #file: DiskFile | undefined
  #nextSequence: number
  #running: Promise<void> | undefined
  #syncTimer: Timer | undefined
  #syncing: Promise<void> = Promise.resolve()
  #blocked: Blocked | undefined
  #closed = false

  constructor(options: WriterOptions) {
    this.#o = options
    this.#nextSequence = options.nextSequence
  }

  get nextSequence(): number {
    return this.#nextSequence
  }

  get blocked(): Blocked | undefined {
    return this.#blocked
  }

  /** How many batches wait to be written. */
  get queued(): number {
    return this.#queue.length
  }

  append(batch: Batch, urgent = false): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the spool is closed'))
    const compact = withoutGaps(batch)
    return new Promise((resolve, reject) => {
      this.#queue.push({ batch: compact, bytes: frameBytes(compact), urgent, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Something was deleted: there may be room. */
  freed(): void {
    this.#room.give()
  }

  /** Ends the newest segment, so that it can be deleted. Only while nothing is being written. */
  #seal(): void {
    if (!this.#active || this.#active.end === 0) return
    this.#active.sealed = true
    this.#active = undefined
    this.#file = undefined
    this.#o.onReclaim()
  }

  /** Makes everything written so far durable. */
  sync(): Promise<void> {
    this.#syncTimer?.cancel()
    this.#syncTimer = undefined
    this.#syncing = this.#syncing.then(() => this.#syncAll())
    return this.#syncing
  }

  /** The segment is about to be deleted: lets its file go. */
  letGo(segment: Segment): Promise<void> {
    this.#syncing = this.#syncing.then(async () => {
      const file = this.#unsynced.get(segment)
      this.#unsynced.delete(segment)
      await file?.close().catch(() => {})
    })
    return this.#syncing
  }

  /** Writes what can be written at once, rejects what waits, and ends the newest segment. The signal must have aborted. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
    if (this.#active?.end === 0) await this.#file?.close()
    this.#seal()
    await this.sync()
  }

  async #run(): Promise<void> {
    // The frames of one turn of the loop share a write.
    await Promise.resolve()
    while (this.#queue.length > 0) await this.#writeGroup()
    this.#running = undefined
  }

  async #writeGroup(): Promise<void> {
    let group: Written[] = []
    try {
      await this.#waitForRoom(this.#queue[0]!)
      group = this.#takeGroup()
      await this.#write(group)
    } catch (error) {
      for (const { waiting } of group) waiting.reject(error)
      for (const waiting of this.#queue.splice(0)) waiting.reject(error)
      return
    }
    this.#publish(group)
  }

  async #waitForRoom({ bytes, urgent }: Waiting): Promise<void> {
    if (urgent) return
    const { segments, maxBytes, clock, signal, onReclaim, log } = this.#o
    // A batch that is larger than the whole spool goes in once the spool is empty.
    while (segments.bytes > 0 && segments.bytes + bytes > maxBytes) {
      if (this.#blocked?.kind !== 'full') {
        const message = `the spool is full (${segments.bytes} of ${maxBytes} bytes): reading waits until outputs have sent something`
        this.#blocked = { kind: 'full', sinceMs: clock.now(), message }
        log.warn('spool_full', message)
      }
      const news = this.#room.wait(signal)
      this.#seal()
      onReclaim()
      await news
    }
    if (this.#blocked?.kind === 'full') this.#unblocked('the spool has room again')
  }

  /** Encodes the frames that one write carries. Sequences are given here, so that a rejected append leaves no hole. */
  #takeGroup(): Written[] {
    const { segments, segmentBytes, maxBytes, clock } = this.#o
    const first = this.#queue[0]!
    if (this.#active && this.#active.end + first.bytes > segmentBytes) this.#seal()
    const limit = Math.min(GROUP_BYTES, segmentBytes - (this.#active?.end ?? 0), maxBytes - segments.bytes)
    const group: Written[] = []
    let bytes = 0
    while (this.#queue.length > 0 && group.length < GROUP_FRAMES) {
      const waiting = this.#queue[0]!
      if (group.length > 0 && bytes + waiting.bytes > limit) break
      this.#queue.shift()
      const sequence = this.#nextSequence + group.length
      group.push({ waiting, sequence, encoded: encodeFrame(waiting.batch, sequence, clock.now()) })
      bytes += waiting.bytes
    }
    return group
  }

  async #write(group: readonly Written[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#writeOnce(group)
        if (this.#blocked?.kind === 'disk') this.#unblocked('the spool can be written again')
        return
      } catch (error) {
        await this.#failed(error, attempt)
      }
    }
  }

  async #writeOnce(group: readonly Written[]): Promise<void> {
    const { disk, folder, spoolId, segments } = this.#o
    this.#active ??= newSegment(folder, group[0]!.sequence)
    const segment = this.#active
    this.#file ??= await disk.open(segment.path, 'create')
    const pieces: Uint8Array[] = segment.end === 0 ? [encodeSegmentHeader(spoolId, segment.first)] : []
    for (const { encoded } of group) for (const piece of encoded.pieces) pieces.push(piece)
    await this.#file.write(pieces, segment.end)
    if (segment.end === 0) {
      segment.end = SEGMENT_HEADER_BYTES
      segments.add(segment)
    }
    this.#unsynced.set(segment, this.#file)
  }

  async #failed(error: unknown, attempt: number): Promise<void> {
    const { clock, signal, folder, log, onError } = this.#o
    const message = `cannot write to the spool ${folder}: ${diskProblem(error)}; reading waits, nothing is lost`
    onError('write', error)
    if (this.#blocked?.kind !== 'disk' || this.#blocked.message !== message) {
      this.#blocked = { kind: 'disk', sinceMs: this.#blocked?.sinceMs ?? clock.now(), message }
      log.error('spool_write_failed', message)
    }
    await this.#cutTorn()
    if (signal.aborted) throw signal.reason
    const stop = new AbortController()
    const either = AbortSignal.any([signal, stop.signal])
    const ms = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** attempt)
    try {
      await Promise.race([clock.sleep(ms, either), this.#room.wait(either)])
    } catch {
      // Closing: one more attempt, then the append is refused.
    } finally {
      stop.abort()
    }
  }

  /** What a refused write left behind. Where that fails too, the same frames go over it, or the next start cuts it. */
  async #cutTorn(): Promise<void> {
    await this.#file?.truncate(this.#active?.end ?? 0).catch(() => {})
  }

  #publish(group: readonly Written[]): void {
    const segment = this.#active!
    const frames: StoredFrame[] = []
    for (const { waiting, sequence, encoded } of group) {
      const batch = withoutBallast(waiting.batch)
      segment.end += encoded.bytes
      segment.frames++
      segment.records += batch.count
      notePosition(segment, batch.origin.position, batch.origin.path)
      const end = { segment, offset: segment.end, records: segment.records, sequence: sequence + 1 }
      const spooledAtMs = this.#o.clock.now()
      frames.push({ frame: { sequence, batch }, spooledAtMs, end, retainedBytes: retainedBytes(batch) })
    }
    this.#nextSequence += group.length
    this.#syncTimer ??= this.#o.clock.timeout(this.#o.syncIntervalMs, () => void this.sync())
    this.#o.onWritten(frames)
    for (const { waiting } of group) waiting.resolve()
  }

  async #syncAll(): Promise<void> {
    const { disk, folder, onError } = this.#o
    const pending = [...this.#unsynced]
    if (pending.length === 0) return
    let synced = true
    for (const [segment, file] of pending) {
      try {
        await file.sync()
      } catch (error) {
        synced = false
        onError('sync', error)
      }
      if (!segment.sealed) continue
      this.#unsynced.delete(segment)
      await file.close().catch(() => {})
    }
    if (synced) await disk.syncFolder(folder).catch(error => onError('sync', error))
  }

  #unblocked(message: string): void {
    this.#blocked = undefined
    this.#o.log.info('spool_writable', message)
  }
}
