import type { JsonRecord } from '../../wire/json/record.ts'
import { ByteWriter } from '../../wire/json/writer.ts'
import type { Batch, Origin } from './batch.ts'
import type { Lines } from './lines.ts'

/**
 * Gathers the records of one batch. As long as all of them are slices of the lines' own buffer it only notes where
 * they are; with the first that is not, what came before goes over into a new buffer in one copy.
 */
export class BatchBuilder {
  #lines!: Lines
  #origin!: Origin
  #out: ByteWriter | undefined
  #count = 0
  #starts = new Uint32Array(0)
  #ends = new Uint32Array(0)
  #timesMs = new Float64Array(0)
  /** Output bytes for each input byte, as the last batch had it: how large the next buffer is made. */
  #growth = 1

  /** With an origin of its own it holds only some of the lines, and nothing of the buffer between them. */
  begin(lines: Lines, origin?: Origin): void {
    this.#lines = lines
    this.#origin = origin ?? lines.origin
    this.#out = origin && new ByteWriter(1024)
    this.#count = 0
    this.#starts = new Uint32Array(lines.count)
    this.#ends = new Uint32Array(lines.count)
    this.#timesMs = new Float64Array(lines.count)
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

  /** `origin` takes the place of the one that it began with. */
  finish(origin = this.#origin): Batch {
    const { bytes, memory } = this.#lines
    const out = this.#out
    const batch = {
      bytes: out === undefined ? bytes : this.#trimmed(out),
      memory: out === undefined ? memory : undefined,
      count: this.#count,
      starts: this.#starts,
      ends: this.#ends,
      timesMs: this.#timesMs,
      origin,
    }
    this.#out = undefined
    return batch
  }

  #note(start: number, end: number, timeMs: number): void {
    const at = this.#count++
    if (at === this.#starts.length) this.#grow()
    this.#starts[at] = start
    this.#ends[at] = end
    this.#timesMs[at] = timeMs
  }

  /** There are more records than lines: steps made copies of some. */
  #grow(): void {
    const length = Math.max(16, this.#starts.length * 2)
    const grown = <T extends Uint32Array | Float64Array>(larger: T, column: T): T => {
      larger.set(column)
      return larger
    }
    this.#starts = grown(new Uint32Array(length), this.#starts)
    this.#ends = grown(new Uint32Array(length), this.#ends)
    this.#timesMs = grown(new Float64Array(length), this.#timesMs)
  }

  #leaveInput(): ByteWriter {
    if (this.#out !== undefined) return this.#out
    const out = new ByteWriter(Math.ceil(spanOf(this.#lines) * this.#growth * 1.05) + 1024)
    this.#out = out
    if (this.#count === 0) return out
    const from = this.#starts[0]
    out.copy(this.#lines.bytes, from, this.#ends[this.#count - 1])
    for (let i = 0; i < this.#count; i++) {
      this.#starts[i] -= from
      this.#ends[i] -= from
    }
    return out
  }

  /** What was written, in a buffer that wastes little: batches wait in memory for their outputs. */
  #trimmed({ bytes, length }: ByteWriter): Buffer {
    this.#growth = Math.max(length / Math.max(1, spanOf(this.#lines)), this.#growth * 0.9)
    if (bytes.length - length <= length / 4) return bytes.subarray(0, length)
    const exact = Buffer.allocUnsafeSlow(length)
    bytes.copy(exact, 0, 0, length)
    return exact
  }
}

/** How many bytes lie between the first line's start and the last one's end. */
function spanOf({ count, starts, ends }: Lines): number {
  return count === 0 ? 0 : ends[count - 1] - starts[0]
}
