import type { Health } from '../../../kernel/module.ts'
import type { Batch } from '../batch.ts'
import { type Cursor, type CursorFile, OLDEST } from './cursor.ts'
import type { Disk } from './disk.ts'
import { diskErrorCode, diskProblem } from './disk-error.ts'
import { FrameMemory, type StoredFrame } from './frame-memory.ts'
import type { Place } from './place.ts'
import { Positions, type PositionsFile } from './positions.ts'
import { setAside } from './quarantine.ts'
import { JournalReader, type ReaderWorld, type SpoolReader } from './reader.ts'
import { Reclaimer } from './reclaimer.ts'
import type { Recovered } from './recovery.ts'
import { repair } from './repair.ts'
import type { FilePosition, Segment } from './segment.ts'
import { Segments } from './segments.ts'
import type { Spool, SpoolOptions } from './spool.ts'
import { type SpoolMetrics, spoolMetrics } from './spool-metrics.ts'
import { SpoolWriter } from './writer.ts'

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024
const DEFAULT_SEGMENT_BYTES = 8 * 1024 * 1024
const DEFAULT_MAX_POSITIONS = 20_000

/** What was found in the folder. */
export interface Opened {
  readonly spoolId: Buffer
  readonly positionsFile: PositionsFile
  readonly files: ReadonlyMap<string, CursorFile>
  readonly cursors: ReadonlyMap<string, Cursor>
  readonly recovered: Recovered
  readonly nextSequence: number
}

/** The running spool: writer, readers and reclaimer over one list of segments. */
export class Journal implements Spool {
  readonly id: string
  readonly #o: SpoolOptions
  readonly #disk: Disk
  readonly #metrics: SpoolMetrics
  readonly #stop = new AbortController()
  readonly #segments: Segments
  readonly #memory: FrameMemory
  readonly #positions: Positions
  readonly #readers = new Map<string, JournalReader>()
  readonly #writer: SpoolWriter
  readonly #reclaimer: Reclaimer
  #repairing: Promise<void> | undefined
  #acquired = new AsyncDisposableStack()

  constructor(options: SpoolOptions, disk: Disk, opened: Opened) {
    const { clock, log, folder, memoryBytes, maxBytes = DEFAULT_MAX_BYTES } = options
    const { spoolId, positionsFile, recovered, nextSequence } = opened
    const signal = AbortSignal.any([options.signal, this.#stop.signal])
    this.id = spoolId.toString('hex')
    this.#o = options
    this.#disk = disk
    this.#segments = new Segments(recovered.segments)
    this.#memory = new FrameMemory(memoryBytes)
    this.#positions = new Positions(
      new Map(positionsFile.saved?.positions),
      options.maxPositions ?? DEFAULT_MAX_POSITIONS,
      (_, position) =>
        log.warn(
          'spool_position_forgotten',
          `too many sources: the position in ${position.path} is forgotten`,
        ),
    )
    for (const [file, position] of [...recovered.positions, ...recovered.resets])
      this.#positions.set(file, position)
    this.#metrics = spoolMetrics(options.metrics)
    this.#writer = new SpoolWriter({
      disk,
      folder,
      spoolId,
      segments: this.#segments,
      nextSequence,
      maxBytes,
      segmentBytes: segmentSize(options.segmentBytes ?? DEFAULT_SEGMENT_BYTES, maxBytes),
      syncIntervalMs: options.syncIntervalMs ?? 1000,
      clock,
      log,
      signal,
      onWritten: frames => this.#written(frames),
      onReclaim: () => void this.#reclaimer.run(),
      onError: (kind, error) => this.#diskError(kind, error),
    })
    this.#reclaimer = new Reclaimer({
      disk,
      spoolId,
      segments: this.#segments,
      readers: () => this.#readers.values(),
      positions: this.#positions,
      positionsFile,
      writer: this.#writer,
      clock,
      log,
      signal,
    })
    this.#makeReaders(opened, signal)
    options.metrics.onCollect(() => this.#collect())
  }

  get positions(): ReadonlyMap<string, FilePosition> {
    return this.#positions.current
  }

  append(batch: Batch): Promise<void> {
    return this.#writer.append(batch)
  }

  position(file: string): FilePosition | undefined {
    return this.#positions.current.get(file)
  }

  forget(file: string): void {
    this.#positions.forget(file, this.#segments.all)
  }

  reader(name: string): SpoolReader {
    const reader = this.#readers.get(name)
    if (!reader) throw new Error(`the spool was opened without a reader "${name}"`)
    return reader
  }

  health(): Health {
    const blocked = this.#writer.blocked
    if (!blocked) return { ready: true, state: 'ok' }
    const since = new Date(blocked.sinceMs).toISOString()
    return { ready: true, state: 'degraded', message: `${blocked.message} (since ${since})` }
  }

  sync(): Promise<void> {
    return this.#writer.sync()
  }

  /** Mends what recovery found, and takes over what closes with the spool. */
  async start(recovered: Recovered, acquired: AsyncDisposableStack): Promise<void> {
    const onCorrupt = () => this.#metrics.corrupt.inc()
    const world = {
      disk: this.#disk,
      log: this.#o.log,
      writer: this.#writer,
      positions: this.#positions,
      onCorrupt,
    }
    const { done } = await repair(world, recovered)
    this.#repairing = done.then(() => void this.#reclaimer.run())
    this.#acquired = acquired
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort(new Error('the spool is closed'))
    await this.#repairing
    await this.#writer.close()
    await this.#reclaimer.run()
    await Promise.all([...this.#readers.values()].map(reader => reader.close()))
    await this.#acquired.disposeAsync()
  }

  #makeReaders({ files, cursors, recovered, nextSequence }: Opened, signal: AbortSignal): void {
    const world: ReaderWorld = {
      disk: this.#disk,
      segments: this.#segments,
      memory: this.#memory,
      clock: this.#o.clock,
      log: this.#o.log,
      signal,
      onMoved: ackedSegment => this.#moved(ackedSegment),
      onCorrupt: (segment, at, problem) => this.#corruptRead(segment, at, problem),
    }
    const last = recovered.segments.at(-1)
    const end: Place = {
      segment: last,
      offset: last?.end ?? 0,
      records: last?.records ?? 0,
      sequence: nextSequence,
    }
    for (const [name, file] of files) {
      const found = recovered.places.get(name)
      const record = found?.record ?? 0
      if (cursors.get(name) === OLDEST)
        file.save({ sequence: found?.place.sequence ?? nextSequence, record: 0 })
      this.#readers.set(name, new JournalReader(name, world, file, found?.place ?? end, record))
    }
  }

  #written(frames: readonly StoredFrame[]): void {
    for (const stored of frames) {
      const { origin, count } = stored.frame.batch
      if (origin.position) {
        this.#positions.set(origin.position.file, { ...origin.position, path: origin.path })
      }
      this.#metrics.appended.inc(count)
      this.#memory.add(stored)
    }
    for (const reader of this.#readers.values()) reader.appended()
    this.#releaseMemory()
  }

  #moved(ackedSegment: boolean): void {
    this.#releaseMemory()
    if (ackedSegment) void this.#reclaimer.run()
  }

  #releaseMemory(): void {
    let lowest = Number.POSITIVE_INFINITY
    for (const reader of this.#readers.values()) lowest = Math.min(lowest, reader.nextSequence)
    this.#memory.release(lowest)
  }

  #corruptRead(segment: Segment, at: number, problem: string): void {
    this.#metrics.corrupt.inc()
    const message = `${segment.path} cannot be read from byte ${at} on (${problem}): its rest is put aside as ${segment.path}.bad and not delivered`
    this.#o.log.error('spool_corrupt', message)
    setAside(this.#disk, segment, at).catch(error =>
      this.#o.log.error(
        'spool_set_aside_failed',
        `cannot copy the rest of ${segment.path}: ${diskProblem(error)}`,
      ),
    )
  }

  #diskError(kind: 'write' | 'sync', error: unknown): void {
    this.#metrics.errors.with(kind, diskErrorCode(error)).inc()
    if (kind === 'sync') {
      const message = `the spool ${this.#o.folder} cannot be made durable: ${diskProblem(error)}; a power cut may take records back whose source is gone`
      this.#o.log.error('spool_sync_failed', message)
    }
  }

  #collect(): void {
    if (this.#stop.signal.aborted) return
    const { bytes, frames, blocked, memory, unsentRecords, unsentBytes, unsentAge } = this.#metrics
    bytes.set(this.#segments.bytes)
    frames.set(this.#segments.frames)
    memory.set(this.#memory.bytes)
    const state = this.#writer.blocked?.kind
    blocked.with('full').set(state === 'full' ? 1 : 0)
    blocked.with('disk').set(state === 'disk' ? 1 : 0)
    const now = this.#o.clock.now()
    for (const [index, name] of this.#o.readers.entries()) {
      const label = this.#o.readerLabels?.[index] ?? name
      const unsent = this.reader(name).unsent()
      unsentRecords.with(label).set(unsent.records)
      unsentBytes.with(label).set(unsent.bytes)
      unsentAge.with(label).set(Math.max(0, now - (unsent.oldestMs ?? now)) / 1000)
    }
  }
}

/** Several segments fit in the spool, so that room comes back piece by piece. */
function segmentSize(segmentBytes: number, maxBytes: number): number {
  return Math.min(segmentBytes, Math.max(64 * 1024, Math.floor(maxBytes / 4)))
}
