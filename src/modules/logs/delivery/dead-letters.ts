import { isUtf8 } from 'node:buffer'
import { join } from 'node:path'
import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Log } from '../../../kernel/log/log.ts'
import type { Counter, Gauge, Metrics } from '../../../kernel/metrics/metrics.ts'
import type { Slice } from '../batch.ts'
import { type Disk, type DiskFile, systemDisk } from '../spool/disk.ts'
import { diskErrorCode } from '../spool/disk-error.ts'

const NAME = 'dead-letters.jsonl'
const OLDER_NAME = 'dead-letters.1.jsonl'
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024
const TAIL_BYTES = 64 * 1024

/** Records that an output will never take, and why. */
export interface DeadLetter {
  readonly output: string
  readonly reason: string
  readonly slices: readonly Slice[]
}

/**
 * Where records go that an output will never take: one JSON line each,
 * `{time, output, reason, input, path, tag, recordTime, record}`, or `recordBase64` for a record that is not UTF-8.
 * The file may be moved away at any time: the next letters begin a new one.
 */
export interface DeadLetters extends AsyncDisposable {
  /** The file, for messages. */
  readonly path: string
  /** Durable once it resolves; rejects, with nothing written, when the disk refuses. */
  write(letters: readonly DeadLetter[]): Promise<void>
}

export interface DeadLettersOptions {
  /** `dead-letters.jsonl` and the older `dead-letters.1.jsonl` are in this folder; made on first use. */
  readonly folder: string
  /** What both files may take together (64 MiB). The oldest half is given up for new letters, counted. */
  readonly maxBytes?: number
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
  readonly disk?: Disk
}

export function openDeadLetters(options: DeadLettersOptions): DeadLetters {
  return new DeadLetterFile(options)
}

class DeadLetterFile implements DeadLetters {
  readonly #o: DeadLettersOptions
  readonly #disk: Disk
  readonly #maxFileBytes: number
  readonly #sizeGauge: Gauge
  readonly #discarded: Counter
  #last: Promise<void> = Promise.resolve()

  constructor(options: DeadLettersOptions) {
    this.#o = options
    this.#disk = options.disk ?? systemDisk
    this.#maxFileBytes = Math.floor((options.maxBytes ?? DEFAULT_MAX_BYTES) / 2)
    this.#sizeGauge = options.metrics.gauge('dead_letters_bytes', 'Size of the file of dead letters.').with()
    this.#discarded = options.metrics
      .counter('dead_letters_discarded_bytes_total', 'Dead letters that were given up for newer ones.')
      .with()
  }

  get path(): string {
    return join(this.#o.folder, NAME)
  }

  write(letters: readonly DeadLetter[]): Promise<void> {
    const result = this.#last.then(() => this.#append(letters))
    this.#last = result.catch(() => {})
    return result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last
  }

  async #append(letters: readonly DeadLetter[]): Promise<void> {
    const time = new Date(this.#o.clock.now()).toISOString()
    const lines = letters.flatMap(letter => letterLines(letter, time))
    const bytes = lines.reduce((sum, line) => sum + line.length, 0)
    await this.#disk.makeFolder(this.#o.folder)
    await this.#makeRoom(bytes)
    const { file, isNew } = await openForAppend(this.#disk, this.path)
    try {
      const end = await endOfLastLine(file)
      if (end < (await file.size())) await file.truncate(end)
      if (isNew) await this.#disk.syncFolder(this.#o.folder)
      await writeLines(file, lines, end)
      this.#sizeGauge.set(end + bytes)
    } finally {
      await file.close()
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { folder, log } = this.#o
    const size = await sizeOf(this.#disk, this.path)
    if (size === 0 || size + bytes <= this.#maxFileBytes) return
    const older = join(folder, OLDER_NAME)
    const discarded = await sizeOf(this.#disk, older)
    await this.#disk.rename(this.path, older)
    if (discarded === 0) return
    this.#discarded.inc(discarded)
    log.warn(
      'dead_letters_discarded',
      `${older} was full: ${discarded} bytes of older dead letters were given up`,
    )
  }
}

async function writeLines(file: DiskFile, lines: readonly Buffer[], from: number): Promise<void> {
  for (let first = 0, at = from; first < lines.length; first += 512) {
    const pieces = lines.slice(first, first + 512)
    await file.write(pieces, at)
    at += pieces.reduce((sum, piece) => sum + piece.length, 0)
  }
  await file.sync()
}

function letterLines({ output, reason, slices }: DeadLetter, time: string): Buffer[] {
  const lines: Buffer[] = []
  for (const { frame, from, to } of slices) {
    const { bytes, starts, ends, timesMs, origin } = frame.batch
    const { input, path, tag } = origin
    for (let index = from; index < to; index++) {
      const recordTime = new Date(timesMs[index]).toISOString()
      const head = JSON.stringify({ time, output, reason, input, path, tag, recordTime }).slice(0, -1)
      const record = bytes.subarray(starts[index], ends[index])
      if (isUtf8(record)) lines.push(Buffer.from(`${head},"record":`), record, Buffer.from('}\n'))
      else lines.push(Buffer.from(`${head},"recordBase64":"${record.toString('base64')}"}\n`))
    }
  }
  return lines
}

async function openForAppend(disk: Disk, path: string): Promise<{ file: DiskFile; isNew: boolean }> {
  try {
    return { file: await disk.open(path, 'write'), isNew: false }
  } catch (error) {
    if (diskErrorCode(error) !== 'ENOENT') throw error
    return { file: await disk.open(path, 'create'), isNew: true }
  }
}

async function sizeOf(disk: Disk, path: string): Promise<number> {
  const file = await disk.open(path, 'read').catch(() => undefined)
  return file ? file.size().finally(() => file.close()) : 0
}

/** Behind the last line feed: what follows is a line that a crash cut off, whose record is sent again. */
async function endOfLastLine(file: DiskFile): Promise<number> {
  let end = await file.size()
  while (end > 0) {
    const piece = Buffer.alloc(Math.min(TAIL_BYTES, end))
    await file.read(piece, end - piece.length)
    const at = piece.lastIndexOf(10)
    if (at >= 0) return end - piece.length + at + 1
    end -= piece.length
  }
  return 0
}
