import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Log } from '../../../kernel/log/log.ts'
import type { Disk } from './disk.ts'
import { diskProblem } from './disk-error.ts'
import type { Positions, PositionsFile } from './positions.ts'
import type { JournalReader } from './reader.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'
import type { SpoolWriter } from './writer.ts'

const RETRY_MS = 1000

export interface ReclaimerOptions {
  readonly disk: Disk
  readonly spoolId: Buffer
  readonly segments: Segments
  readonly readers: () => Iterable<JournalReader>
  readonly positions: Positions
  readonly positionsFile: PositionsFile
  readonly writer: SpoolWriter
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

/** Deletes segments that every reader has acknowledged, oldest first, their positions first of all. */
export class Reclaimer {
  readonly #o: ReclaimerOptions
  #running: Promise<void> | undefined
  #again = false

  constructor(options: ReclaimerOptions) {
    this.#o = options
  }

  /** Looks for segments to delete; resolves when it is through. Cheap when there is none. */
  run(): Promise<void> {
    this.#again = true
    this.#running ??= this.#passes()
    return this.#running
  }

  async #passes(): Promise<void> {
    await Promise.resolve()
    while (this.#again) {
      this.#again = false
      const done = this.#deletable()
      if (done.length > 0) await this.#delete(done)
    }
    this.#running = undefined
  }

  /** Positions are folded in the order of the frames, so a segment waits for all older ones. */
  #deletable(): Segment[] {
    const { segments, positions } = this.#o
    // While a gap is not noted in the spool, what lies behind it may not be all that is left: all goes, or nothing.
    const allOrNone = positions.pendingResets.size > 0
    const done: Segment[] = []
    for (const segment of segments.all) {
      if (!segment.sealed || (segment.held && !allOrNone) || !this.#isAcked(segment)) break
      done.push(segment)
    }
    return allOrNone && done.length < segments.all.length ? [] : done
  }

  #isAcked(segment: Segment): boolean {
    for (const reader of this.#o.readers()) if (!reader.hasAcked(segment)) return false
    return true
  }

  async #delete(done: readonly Segment[]): Promise<void> {
    const { disk, segments, positions, writer, log, clock, signal } = this.#o
    for (const segment of done) positions.fold(segment)
    const problem = await this.#savePositions()
    for (const segment of done) {
      try {
        await writer.letGo(segment)
        await disk.remove(segment.path)
      } catch (error) {
        log.warn('spool_delete_failed', `cannot delete ${segment.path}: ${diskProblem(error)}; trying again`)
        await clock.sleep(RETRY_MS, signal).catch(() => {})
        this.#again = !signal.aborted
        return
      }
      segments.remove(segment)
      writer.freed()
    }
    // A disk that was too full for the positions may have room now. Without them a crash costs duplicates, no records.
    if (problem && (await this.#savePositions())) {
      log.warn('spool_positions_not_saved', `cannot save the positions of sources: ${diskProblem(problem)}`)
    }
  }

  async #savePositions(): Promise<unknown> {
    const { spoolId, positions, positionsFile, writer } = this.#o
    try {
      await positionsFile.save({ spoolId, nextSequence: writer.nextSequence, positions: positions.folded })
      return undefined
    } catch (error) {
      return error
    }
  }
}
