import type { Timer } from '../../../../kernel/clock/clock.ts'
import type { Host } from '../../../../kernel/module.ts'
import type { Lent, LentMemory } from '../../lent-memory.ts'
import type { LineSink, Lines } from '../../lines.ts'
import type { TailedFile } from './file.ts'
import type { FileLayer } from './layer.ts'
import { RECENT_BYTES } from './mark.ts'
import type { Meters } from './meters.ts'
import { type Chunk, nextReadBytes, type ReadChunk, type ReadLimits, readChunk, Splitters } from './reader.ts'

export interface PumpParts {
  readonly input: string
  readonly tag: (path: string) => string
  readonly layer: FileLayer
  readonly limits: ReadLimits
  readonly memory: LentMemory
  readonly sink: LineSink
  readonly host: Pick<Host, 'clock' | 'slice' | 'log'>
  readonly meters: Meters
  /** The content was replaced in place. Afterwards the file can be read from its `next` on. */
  readonly onReplaced: (file: TailedFile) => Promise<void>
  readonly onCompressed: (file: TailedFile) => void
  readonly onReadError: (file: TailedFile, error: unknown) => void
  readonly onRead: (file: TailedFile) => void
  /** The sink refused; the file is to be read again from `safe`. */
  readonly onRefused: (file: TailedFile) => Promise<void>
}

/** What a read says of lines; the rest is the same for all of a file. */
type ReadLines = Omit<Lines, 'memory' | 'readAtMs' | 'origin'>

const NO_LINES: ReadLines = {
  bytes: Buffer.alloc(0),
  count: 0,
  starts: new Uint32Array(0),
  ends: new Uint32Array(0),
}

function linesOf(file: TailedFile, { bytes, base, split, transcoded, begins, more }: ReadChunk): ReadLines {
  const { next: _next, midLine: _midLine, ...columns } = split
  const { starts } = columns
  const { trail } = file
  return {
    bytes,
    ...columns,
    ...transcoded,
    begins,
    more,
    offsetAt: line => base + starts[line],
    positionAt: line => {
      const start = starts[line]
      return file.positionAt(base + start, bytes.subarray(Math.max(0, start - RECENT_BYTES), start), trail)
    },
  }
}

/** Small chunks of many files may be with the sink at once. */
const MAX_CALLS = 16
const RETRY_MS = 1000

/**
 * Moves bytes from files to the sink, one chunk per file in turn. While the sink holds a chunk of a file the next one
 * is read; all chunks together, read or with the sink, stay within two reads. Only a single line that is longer
 * may exceed that, alone. A sink that waits therefore stops the reading.
 */
export class Pump {
  readonly #parts: PumpParts
  readonly #splitters: Splitters
  readonly #budgetBytes: number
  readonly #queue: TailedFile[] = []
  readonly #resting = new Set<Timer>()
  readonly #waiting: (() => void)[] = []
  #heldBytes = 0
  #underWay = 0
  #calls = 0
  #stopped = false

  constructor(parts: PumpParts) {
    this.#parts = parts
    this.#splitters = new Splitters(parts.limits)
    this.#budgetBytes = 2 * (parts.limits.readBytes + RECENT_BYTES)
  }

  /** Chunks are with the sink. */
  get isHandingOver(): boolean {
    return this.#calls > 0
  }

  add(file: TailedFile): void {
    if (this.#stopped || file.queued || !this.#isDue(file)) return
    file.queued = true
    this.#queue.push(file)
    this.#advance()
  }

  /** Resolves when nothing can be read and nothing is with the sink. */
  settled(): Promise<void> {
    if (this.#isSettled) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  /** Starts nothing more; reads under way end on their own. */
  stop(): void {
    this.#stopped = true
    for (const file of this.#queue.splice(0)) file.queued = false
    for (const timer of this.#resting) timer.cancel()
    this.#notice()
  }

  /** Records a position although there are no lines to carry it. `closes`: nothing follows. */
  announce(file: TailedFile, closes?: 'all'): void {
    if (this.#stopped || file.sinking) return
    this.#handOver(file, { ...NO_LINES, ...(closes && { closes }) }, undefined, 0, 0)
  }

  #isDue(file: TailedFile): boolean {
    if (file.busy || !file.isReadable) return false
    const nowMs = this.#parts.host.clock.monotonic()
    return file.retryAtMs <= nowMs && (file.finishing || file.restUntilMs <= nowMs)
  }

  get #isSettled(): boolean {
    return this.#underWay === 0 && (this.#stopped || this.#queue.length === 0)
  }

  #advance(): void {
    while (!this.#stopped && this.#queue.length > 0 && this.#calls < MAX_CALLS) {
      const file = this.#queue[0]
      const isDue = this.#isDue(file)
      const bytes = isDue ? nextReadBytes(file, this.#parts.limits) : 0
      if (this.#heldBytes > 0 && this.#heldBytes + bytes > this.#budgetBytes) return
      this.#queue.shift()
      file.queued = false
      if (!isDue) continue
      file.busy = true
      this.#heldBytes += bytes
      this.#underWay++
      void this.#turn(file, bytes)
    }
    this.#notice()
  }

  #notice(): void {
    if (this.#isSettled) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #turn(file: TailedFile, heldBytes: number): Promise<void> {
    const before = file.sinking
    let handedOver = false
    const memory = this.#parts.memory.take(heldBytes)
    try {
      const buffer = memory.bytes.subarray(0, heldBytes)
      file.reading = true
      const chunk = await readChunk(file, this.#parts.layer, this.#splitters, buffer).finally(() => {
        file.reading = false
      })
      await this.#parts.host.slice()
      // One call per file: a later position must not be safe before an earlier one.
      const safe = (await before) ?? true
      if (!this.#stopped && safe) handedOver = await this.#take(file, chunk, memory, heldBytes)
      else if (!this.#stopped) await this.#parts.onRefused(file)
      if (!handedOver) memory.letGo()
    } catch (error) {
      this.#parts.meters.readErrors.inc()
      file.retryAtMs = this.#parts.host.clock.monotonic() + RETRY_MS
      this.#parts.onReadError(file, error)
    }
    file.busy = false
    this.#underWay--
    if (!handedOver) this.#heldBytes -= heldBytes
    this.add(file)
    this.#advance()
  }

  async #take(file: TailedFile, chunk: Chunk, memory: Lent, heldBytes: number): Promise<boolean> {
    switch (chunk.kind) {
      case 'read':
        this.#parts.onRead(file)
        this.#parts.meters.shortened.inc(this.#splitters.takeShortened())
        this.#rest(file, chunk.consumed)
        this.#handOver(file, linesOf(file, chunk), memory, chunk.consumed, heldBytes)
        return true
      case 'replaced':
        await this.#parts.onReplaced(file)
        return false
      case 'compressed':
        this.#parts.onCompressed(file)
        return false
      default:
        return false
    }
  }

  #handOver(
    file: TailedFile,
    lines: ReadLines,
    memory: Lent | undefined,
    consumed: number,
    heldBytes: number,
  ): void {
    const { input, tag, sink, host, meters } = this.#parts
    const { next: end, trail } = file
    // Lines that were brought into UTF-8 stand in memory of their own.
    const lent = lines.bytes.buffer === memory?.bytes.buffer ? memory : undefined
    this.#underWay++
    this.#calls++
    const call = async (): Promise<boolean> => {
      try {
        const { path } = file
        const origin = { input, path, tag: tag(path), position: file.position() }
        await sink({ ...lines, memory: lent, readAtMs: host.clock.now(), origin })
      } catch (error) {
        // Nobody knows what the sink still does with the memory: the collector gets it.
        this.#refused(file, error)
        return false
      }
      memory?.letGo()
      // Unless the file has begun anew meanwhile.
      if (file.trail === trail) file.safe = end
      file.progressMs = host.clock.monotonic()
      meters.lines.inc(lines.count)
      meters.bytes.inc(consumed)
      return true
    }
    const sinking = call()
    file.sinking = sinking
    void sinking.then(taken => this.#returned(file, sinking, taken, heldBytes))
  }

  /** What was read is its share of a time that begins now. */
  #rest(file: TailedFile, bytes: number): void {
    const { limits, host } = this.#parts
    if (limits.bytesPerSecond === undefined) return
    const restMs = (bytes / limits.bytesPerSecond) * 1000
    file.restUntilMs = host.clock.monotonic() + restMs
    const timer = host.clock.timeout(restMs + 1, () => {
      this.#resting.delete(timer)
      this.add(file)
    })
    this.#resting.add(timer)
  }

  #refused(file: TailedFile, error: unknown): void {
    const { clock, log } = this.#parts.host
    file.retryAtMs = clock.monotonic() + RETRY_MS
    if (this.#stopped) return
    const message = `${file.path}: lines were not taken and are read again: ${error}`
    log.error('tail_sink_failed', message, { file: file.path })
  }

  async #returned(
    file: TailedFile,
    call: Promise<boolean>,
    taken: boolean,
    heldBytes: number,
  ): Promise<void> {
    // A read ahead that is under way sees the refusal itself, and goes back once it is over.
    if (!taken && !file.busy && !this.#stopped) {
      file.busy = true
      await this.#parts.onRefused(file).catch(error => this.#parts.onReadError(file, error))
      file.busy = false
    }
    if (file.sinking === call) file.sinking = undefined
    this.#underWay--
    this.#calls--
    this.#heldBytes -= heldBytes
    this.add(file)
    this.#advance()
  }
}
