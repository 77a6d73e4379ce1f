import type { JsonRecord } from '../../wire/json/record.ts'
import { ByteWriter } from '../../wire/json/writer.ts'
import type { Batch, Origin } from './batch.ts'
import { Columns } from './columns.ts'
import { type Lent, type LentMemory, LentTogether } from './lent-memory.ts'
import type { Lines } from './lines.ts'

/**
 * Gathers the records of one batch. As long as all of them are slices of the lines' own buffer it only notes where
 * they are; with the first that is not, what came before goes over into a new buffer in one copy.
 */
export class BatchBuilder {
  #lines!: Lines
  #origin!: Origin
  readonly #memory: LentMemory | undefined
  #out: ByteWriter | undefined
  /** What `#out` began in. */
  #piece: Lent | undefined
  #count = 0
  readonly #columns: Columns
  /** Output bytes for each input byte, as the last batch had it: how large the next buffer is made. */
  #growth = 1

  /** `memory`: where new buffers are taken from. */
  constructor(memory: LentMemory | undefined) {
    this.#memory = memory
    this.#columns = new Columns(memory)
  }

  /** With an origin of its own it holds only some of the lines, and nothing of the buffer between them. */
  begin(lines: Lines, origin?: Origin): void {
    this.#lines = lines
    this.#origin = origin ?? lines.origin
    this.#out = origin && new ByteWriter(1024)
    this.#count = 0
    this.#columns.begin(lines.count)
  }

  /** Adds the record as it stands open, edits included. */
  addRecord(record: JsonRecord, timeMs: number): void {
    if (record.changed) {
      const out = this.#leaveInput()
      const start = out.length
      record.writeTo(out)
      this.#note(start, out.length, timeMs)
    } else {
      this.addText(record.bytes, record.start, record.end, timeMs)
    }
  }

  /** Adds `bytes[start, end)`, which is either a slice of the lines' buffer or text to be copied. */
  addText(bytes: Buffer, start: number, end: number, timeMs: number): void {
    if (this.#out === undefined && bytes === this.#lines.bytes) {
      this.#note(start, end, timeMs)
      return
    }
    const out = this.#leaveInput()
    const to = out.length
    out.copy(bytes, start, end)
    this.#note(to, out.length, timeMs)
  }

  /**
   * `origin` takes the place of the one that it began with. The caller is a user of the batch's memory, and lets it go
   * when it is done with the batch.
   */
  finish(origin = this.#origin): Batch {
    const { starts, ends, timesMs, memory: columns } = this.#columns
    const { bytes, memory } = this.#out === undefined ? this.#lines : this.#trimmed(this.#out)
    if (this.#out === undefined) memory?.keep()
    this.#out = undefined
    return {
      bytes,
      memory: memory && columns ? new LentTogether(memory, columns) : (memory ?? columns),
      count: this.#count,
      starts,
      ends,
      timesMs,
      origin,
    }
  }

  #note(start: number, end: number, timeMs: number): void {
    this.#columns.set(this.#count++, start, end, timeMs)
  }

  #leaveInput(): ByteWriter {
    if (this.#out !== undefined) return this.#out
    const capacity = Math.ceil(spanOf(this.#lines) * this.#growth * 1.05) + 1024
    this.#piece = this.#memory?.take(capacity)
    const out = new ByteWriter(this.#piece?.bytes ?? capacity)
    this.#out = out
    if (this.#count === 0) return out
    const { starts, ends } = this.#columns
    const from = starts[0]
    out.copy(this.#lines.bytes, from, ends[this.#count - 1])
    for (let i = 0; i < this.#count; i++) {
      starts[i] -= from
      ends[i] -= from
    }
    return out
  }

  /** What was written, in a buffer that wastes little: batches wait in memory for their outputs. */
  #trimmed({ bytes, length }: ByteWriter): Pick<Batch, 'bytes' | 'memory'> {
    this.#growth = Math.max(length / Math.max(1, spanOf(this.#lines)), this.#growth * 0.9)
    const piece = this.#piece
    this.#piece = undefined
    // Pieces come in sizes, and are not much larger than what is asked for.
    const isLent = piece?.bytes === bytes
    if (bytes.length - length <= length / (isLent ? 1 : 4)) {
      if (!isLent) piece?.letGo()
      return { bytes: bytes.subarray(0, length), memory: isLent ? piece : undefined }
    }
    const memory = this.#memory?.take(length)
    const exact = memory?.bytes.subarray(0, length) ?? Buffer.allocUnsafeSlow(length)
    bytes.copy(exact, 0, 0, length)
    piece?.letGo()
    return { bytes: exact, memory }
  }
}

/** How many bytes lie between the first line's start and the last one's end. */
function spanOf({ count, starts, ends }: Lines): number {
  return count === 0 ? 0 : ends[count - 1] - starts[0]
}
