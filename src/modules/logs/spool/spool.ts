import { join } from 'node:path'
import type { Clock } from '../../../kernel/clock.ts'
import type { Log } from '../../../kernel/log.ts'
import type { Metrics } from '../../../kernel/metrics.ts'
import type { Health } from '../../../kernel/module.ts'
import type { Batch } from '../batch.ts'
import { type Cursor, CursorFile, cursorName, cursorReader } from './cursor.ts'
import { type Disk, systemDisk } from './disk.ts'
import { diskErrorCode, diskProblem } from './disk-error.ts'
import { FrameMemory, type StoredFrame } from './frame-memory.ts'
import { lockFolder } from './lock.ts'
import type { Place } from './place.ts'
import { Positions, PositionsFile } from './positions.ts'
import { quarantine, setAside } from './quarantine.ts'
import { JournalReader, type ReaderWorld, type SpoolReader } from './reader.ts'
import { Reclaimer } from './reclaimer.ts'
import { type Damage, type Recovered, recover } from './recovery.ts'
import {
  decodeSegmentHeader,
  type FilePosition,
  firstSequence,
  SEGMENT_HEADER_BYTES,
  type Segment,
} from './segment.ts'
import { Segments } from './segments.ts'
import { type SpoolMetrics, spoolMetrics } from './spool-metrics.ts'
import { SpoolWriter } from './writer.ts'

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024
const DEFAULT_SEGMENT_BYTES = 8 * 1024 * 1024
const DEFAULT_MAX_POSITIONS = 20_000
/** Where a reader starts that has no place yet: with what is still there. */
const OLDEST: Cursor = { sequence: 0, record: 0 }

export interface SpoolOptions {
  /** The spool's own folder; made when it is missing. */
  readonly folder: string
  /** One reader an output. Cursors of readers that are not named here are deleted, and hold nothing back. */
  readonly readers: readonly string[]
  /** What the segments may take on disk (256 MiB). At the limit appends wait. */
  readonly maxBytes?: number
  readonly segmentBytes?: number
  /** What recent frames may take in memory. */
  readonly memoryBytes: number
  /** How much a power cut may take back; sources are then read again from there (1 s). */
  readonly syncIntervalMs?: number
  /** How many sources' positions are kept (20,000). */
  readonly maxPositions?: number
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
  /** Ends waiting: appends that wait for room or for the disk reject. */
  readonly signal: AbortSignal
  readonly disk?: Disk
}

/** A write-ahead log of batches. What `append` has resolved for survives the process, whatever ends it. */
export interface Spool extends AsyncDisposable {
  /** Stays the same as long as the folder lives: 32 hexadecimal digits. */
  readonly id: string
  /**
   * Resolves once the batch, with its source's position, is in the kernel's page cache. Waits while the spool is
   * full and while the disk refuses; rejects only when the spool is closed. The batch must not change afterwards.
   */
  append(batch: Batch): Promise<void>
  /** How far every source is safely read, by the file's identity. */
  readonly positions: ReadonlyMap<string, FilePosition>
  position(file: string): FilePosition | undefined
  /** The file is gone for good. */
  forget(file: string): void
  /** The reader of this name; throws for a name that was not given at the start. */
  reader(name: string): SpoolReader
  health(): Health
  /** Resolves once all that was appended before would survive a power cut. */
  sync(): Promise<void>
}

/** Opens or makes the spool, recovers what is in it. Rejects when another sidecar uses the folder, or when it cannot be read. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const disk = options.disk ?? systemDisk
  const { folder, log } = options
  await using acquired = new AsyncDisposableStack()
  await disk.makeFolder(folder)
  acquired.use(await lockFolder(folder, log))
  const positionsFile = acquired.adopt(await PositionsFile.open(disk, join(folder, 'positions')), file =>
    file.close(),
  )
  const spoolId = await idOf(disk, folder, positionsFile)
  const { files, cursors } = await openCursors(disk, options, spoolId)
  acquired.defer(async () => void (await Promise.all([...files.values()].map(file => file.close()))))
  const saved = positionsFile.saved
  const recovered = await recover(disk, folder, spoolId, saved?.positions ?? new Map(), cursors)
  const nextSequence = Math.max(
    recovered.nextSequence,
    saved?.nextSequence ?? 1,
    ...[...cursors.values()].map(({ sequence, record }) => (record > 0 ? sequence + 1 : sequence)),
  )
  if (!saved) await positionsFile.save({ spoolId, nextSequence, positions: new Map() })
  const journal = new Journal(options, disk, {
    spoolId,
    positionsFile,
    files,
    cursors,
    recovered,
    nextSequence,
  })
  await journal.repair(recovered)
  journal.adopt(acquired.move())
  return journal
}

interface Opened {
  readonly spoolId: Buffer
  readonly positionsFile: PositionsFile
  readonly files: ReadonlyMap<string, CursorFile>
  readonly cursors: ReadonlyMap<string, Cursor>
  readonly recovered: Recovered
  readonly nextSequence: number
}

class Journal implements Spool {
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

  /** Takes over what closes with the spool. */
  adopt(acquired: AsyncDisposableStack): void {
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

  /** Cuts torn tails, puts corrupt rests aside. Waits for nothing that a full disk could refuse. */
  async repair({ damages, resets }: Recovered): Promise<void> {
    for (const damage of damages) if (damage.kind === 'corrupt') this.#reportCorrupt(damage)
    if (resets.size === 0) return this.#cut(damages)
    this.#repairing = this.#spoolResets(resets)
      .then(() => this.#cut(damages))
      .catch(() => {})
  }

  /** Positions are spooled like any other: as frames, here without records. */
  async #spoolResets(resets: ReadonlyMap<string, FilePosition>): Promise<void> {
    const empty = new Uint32Array(0)
    const appends = [...resets.values()].map(({ path, ...position }) =>
      this.#writer.append(
        {
          bytes: Buffer.alloc(0),
          count: 0,
          starts: empty,
          ends: empty,
          timesMs: new Float64Array(0),
          origin: { input: 'recovery', path, position },
        },
        true,
      ),
    )
    await Promise.all(appends)
    await this.#writer.sync()
  }

  async #cut(damages: readonly Damage[]): Promise<void> {
    for (const { segment, at, kind } of damages) {
      try {
        if (kind === 'corrupt') await quarantine(this.#disk, segment, at)
        else if (segment.frames === 0) await this.#disk.remove(segment.path)
        else await this.#truncate(segment, at)
        segment.held = false
      } catch (error) {
        const message = `cannot mend ${segment.path}: ${diskProblem(error)}; the next start tries again`
        this.#o.log.error('spool_repair_failed', message)
        // A tail that was never acknowledged does no harm: its segment may go when its time comes.
        if (kind === 'torn') segment.held = false
      }
    }
    void this.#reclaimer.run()
  }

  async #truncate(segment: Segment, at: number): Promise<void> {
    const file = await this.#disk.open(segment.path, 'write')
    try {
      await file.truncate(at)
      await file.sync()
    } finally {
      await file.close()
    }
    this.#o.log.info('spool_tail_cut', `a write that a crash had cut off was removed from ${segment.path}`)
  }

  #reportCorrupt({ segment, at }: Damage): void {
    this.#metrics.corrupt.inc()
    const message = `${segment.path} is damaged at byte ${at}: its rest is put aside as ${segment.path}.bad, and its sources are read again from before it where they still exist`
    this.#o.log.error('spool_corrupt', message)
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
    for (const reader of this.#readers.values()) {
      const unsent = reader.unsent()
      unsentRecords.with(reader.name).set(unsent.records)
      unsentBytes.with(reader.name).set(unsent.bytes)
      unsentAge.with(reader.name).set(Math.max(0, now - (unsent.oldestMs ?? now)) / 1000)
    }
  }
}

/** Several segments fit in the spool, so that room comes back piece by piece. */
function segmentSize(segmentBytes: number, maxBytes: number): number {
  return Math.min(segmentBytes, Math.max(64 * 1024, Math.floor(maxBytes / 4)))
}

/** The id that ties segments and cursors to this spool: from the positions file, else from a segment, else a new one. */
async function idOf(disk: Disk, folder: string, positionsFile: PositionsFile): Promise<Buffer> {
  if (positionsFile.saved) return positionsFile.saved.spoolId
  const firsts = (await disk.list(folder)).filter(name => firstSequence(name) !== undefined).sort()
  for (const name of firsts) {
    const file = await disk.open(join(folder, name), 'read')
    const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
    await file.read(header, 0).finally(() => file.close())
    const id = decodeSegmentHeader(header)
    if (id) return id
  }
  const id = Buffer.alloc(16)
  for (let at = 0; at < 16; at += 4) id.writeUInt32LE(Math.floor(Math.random() * 2 ** 32), at)
  return id
}

async function openCursors(disk: Disk, { folder, readers, log }: SpoolOptions, spoolId: Buffer) {
  for (const name of await disk.list(folder)) {
    const reader = cursorReader(name)
    if (reader === undefined || readers.includes(reader)) continue
    log.info(
      'spool_reader_removed',
      `output ${reader} is no longer configured: its place in the spool is given up`,
    )
    await disk.remove(join(folder, cursorName(reader)))
  }
  const files = new Map<string, CursorFile>()
  const cursors = new Map<string, Cursor>()
  for (const name of readers) {
    const file = new CursorFile(disk, folder, name, spoolId, error =>
      log.warn('spool_cursor_not_saved', `cannot save the place of output ${name}: ${diskProblem(error)}`),
    )
    const cursor = await file.load().catch(error => {
      log.warn('spool_cursor_unreadable', `cannot read the place of output ${name}: ${diskProblem(error)}`)
      return undefined
    })
    files.set(name, file)
    cursors.set(name, cursor ?? OLDEST)
  }
  return { files, cursors }
}
