import type { Clock, Timer } from '../../../../kernel/clock/clock.ts'
import type { Counter } from '../../../../kernel/metrics/metrics.ts'

/** Somewhere lines go; calls never overlap. */
export interface LineTarget {
  /** Rejects when the lines, or some of them, have not arrived. */
  write(lines: Buffer, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface LineQueueOptions {
  readonly target: LineTarget
  readonly clock: Clock
  /** Above it lines are dropped; may be changed later. */
  readonly maxBytes: number
  readonly written: Counter
  readonly dropped: Counter
  /** Told of each write that failed. */
  readonly onFailure: (error: Error) => void
}

/** Lines wait this long for others to be written with. */
const GATHER_MS = 100
/** From here on they wait no more. */
const GATHERED = 64 * 1024
/** How long the last lines may take at the end. */
const LAST_MS = 2000

/** Gathers lines and writes them together: one write at a time, what waits is bounded, and what does not fit is counted. */
export class LineQueue {
  readonly #options: LineQueueOptions
  maxBytes: number
  readonly #stop = new AbortController()
  #waiting = ''
  #lines = 0
  #timer: Timer | undefined
  #writing: Promise<void> | undefined

  constructor(options: LineQueueOptions) {
    this.#options = options
    this.maxBytes = options.maxBytes
  }

  /** A whole line with its line feed. Never waits, never throws. */
  put(line: string): void {
    const { dropped, clock } = this.#options
    // Characters outside ASCII are escaped or rare: the length stands for the bytes.
    if (this.#waiting.length + line.length > this.maxBytes || this.#stop.signal.aborted) {
      dropped.inc()
      return
    }
    this.#waiting += line
    this.#lines++
    if (this.#writing !== undefined) return
    if (this.#waiting.length >= GATHERED) this.#write()
    else this.#timer ??= clock.timeout(GATHER_MS, () => this.#write())
  }

  /** Resolves once all that waits now is written, or lost. */
  async flush(): Promise<void> {
    await this.#writing
    if (this.#lines > 0 && this.#writing === undefined) this.#write()
    await this.#writing
  }

  /** Writes what waits and lets the target go. */
  async close(): Promise<void> {
    const late = this.#options.clock.timeout(LAST_MS, () =>
      this.#stop.abort(new Error('the reader of the access log is behind at the end')),
    )
    while (this.#writing !== undefined || this.#lines > 0) {
      if (this.#writing === undefined) this.#write()
      await this.#writing
    }
    late.cancel()
    this.#stop.abort()
    await this.#options.target.close()
  }

  #write(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const { target, written, dropped, onFailure } = this.#options
    const bytes = Buffer.from(this.#waiting, 'utf8')
    const lines = this.#lines
    this.#waiting = ''
    this.#lines = 0
    this.#writing = target
      .write(bytes, this.#stop.signal)
      .then(
        () => written.inc(lines),
        error => {
          dropped.inc(lines)
          onFailure(error as Error)
        },
      )
      .then(() => {
        this.#writing = undefined
        if (this.#lines === 0 || this.#stop.signal.aborted) return
        if (this.#waiting.length >= GATHERED) this.#write()
        else this.#timer ??= this.#options.clock.timeout(GATHER_MS, () => this.#write())
      })
  }
}
