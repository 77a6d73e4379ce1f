import type { InputHost } from './input.ts'
import { type Framing, LineFraming } from './network/frames.ts'

export interface StreamLinesOptions {
  /** What stands for the path of its lines. */
  readonly path: string
  /** Cuts it; lines of at most so many bytes unless told otherwise. */
  readonly maxLineBytes: number
  readonly framing?: Framing
  readonly host: Pick<InputHost, 'name' | 'tag' | 'sink' | 'clock'>
  /** Lines, and bytes with their ends, that are safe. */
  readonly onTaken: (lines: number, bytes: number) => void
}

/** Cuts one stream of bytes into lines for the sink, a chunk at a time. What came cannot be read again. */
export class StreamLines {
  readonly #o: StreamLinesOptions
  readonly #framing: Framing
  #rest: Buffer = Buffer.alloc(0)

  constructor(options: StreamLinesOptions) {
    this.#o = options
    this.#framing = options.framing ?? new LineFraming(options.maxLineBytes)
  }

  /** What came of a line that has no end yet. */
  get rest(): Buffer {
    return this.#rest
  }

  /** Resolves once the chunk's whole lines are safe. */
  async take(chunk: Buffer): Promise<void> {
    await this.#split(this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk, false)
  }

  /** Nothing more comes: what is left is a line, too. */
  async end(): Promise<void> {
    if (this.#rest.length > 0) await this.#split(this.#rest, true)
  }

  async #split(bytes: Buffer, final: boolean): Promise<void> {
    const { path, host, onTaken } = this.#o
    const { next, count, ...columns } = this.#framing.find(bytes, final)
    // A copy, not a view: the chunk stays with the batch for as long as the spool keeps it in memory.
    this.#rest = Buffer.from(bytes.subarray(next))
    if (count === 0) return
    const origin = { input: host.name, path, tag: host.tag(path) }
    await host.sink({ bytes, count, ...columns, readAtMs: host.clock.now(), origin, mayWait: true })
    onTaken(count, next)
  }
}
