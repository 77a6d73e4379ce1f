import { join } from 'node:path'
import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Log } from '../../../kernel/log/log.ts'
import type { Metrics } from '../../../kernel/metrics/metrics.ts'
import type { Health } from '../../../kernel/module.ts'
import type { Batch } from '../batch.ts'
import { type Cursor, CursorFile, cursorName, cursorReader, OLDEST } from './cursor.ts'
import { type Disk, systemDisk } from './disk.ts'
import { diskProblem } from './disk-error.ts'
import { Journal } from './journal.ts'
import { lockFolder, SpoolInUse } from './lock.ts'
import { PositionsFile } from './positions.ts'
import type { SpoolReader } from './reader.ts'
import { recover } from './recovery.ts'
import { decodeSegmentHeader, type FilePosition, firstSequence, SEGMENT_HEADER_BYTES } from './segment.ts'

export interface SpoolOptions {
  /** The spool's own folder; made when it is missing. */
  readonly folder: string
  /** One reader an output. Cursors of readers that are not named here are deleted, and hold nothing back. */
  readonly readers: readonly string[]
  /** What metrics call the readers, in the same order; their own names unless given. */
  readonly readerLabels?: readonly string[]
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
  try {
    return await open(options)
  } catch (error) {
    if (error instanceof SpoolInUse) throw error
    const message = `cannot open the spool ${options.folder}: ${diskProblem(error)}`
    throw new Error(message, { cause: error })
  }
}

async function open(options: SpoolOptions): Promise<Spool> {
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
  await journal.start(recovered, acquired.move())
  return journal
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
