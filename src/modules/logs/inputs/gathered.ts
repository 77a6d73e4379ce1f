import { ByteWriter } from '../../../wire/json/writer.ts'
import type { Lines } from '../lines.ts'
import type { InputHost } from './input.ts'

/** Records on their way: written into `out`, one `end` each; handed over in pieces, so that one request never fills the memory. */
export class Gathered {
  readonly #origin: Lines['origin']
  readonly #pieceBytes: number
  readonly #readAtMs: number
  readonly #take: (lines: Lines) => Promise<void>
  #out: ByteWriter | undefined
  #count = 0
  #starts = new Uint32Array(0)
  #ends = new Uint32Array(0)
  #timesMs = new Float64Array(0)
  #start = 0

  constructor(
    origin: Lines['origin'],
    { readBytes, clock }: Pick<InputHost, 'readBytes' | 'clock'>,
    take: (lines: Lines) => Promise<void>,
  ) {
    this.#origin = origin
    this.#pieceBytes = readBytes
    this.#readAtMs = clock.now()
    this.#take = take
  }

  /** Where the next record is written to. */
  get out(): ByteWriter {
    this.#out ??= new ByteWriter(1024)
    return this.#out
  }

  /** How large the record is that is being written. */
  get recordBytes(): number {
    return this.out.length - this.#start
  }

  /** What was written is a record that happened at `timeMs` (NaN: unknown). Await what it returns before the next. */
  end(timeMs: number): Promise<void> | undefined {
    const { out } = this
    if (this.#count === this.#starts.length) this.#grow()
    const at = this.#count++
    this.#starts[at] = this.#start
    this.#ends[at] = out.length
    this.#timesMs[at] = timeMs
    this.#start = out.length
    return out.length >= this.#pieceBytes ? this.finish() : undefined
  }

  /** What was written since the last record is none. */
  drop(): void {
    this.out.length = this.#start
  }

  /** Resolves once all records are safe. */
  async finish(): Promise<void> {
    if (this.#count === 0) return
    const bytes = exact(this.out)
    const lines = {
      bytes,
      count: this.#count,
      starts: this.#starts,
      ends: this.#ends,
      timesMs: this.#timesMs,
      readAtMs: this.#readAtMs,
      origin: this.#origin,
    }
    this.#out = undefined
    this.#count = 0
    this.#start = 0
    this.#starts = new Uint32Array(0)
    this.#ends = new Uint32Array(0)
    this.#timesMs = new Float64Array(0)
    await this.#take(lines)
  }

  #grow(): void {
    const size = Math.max(64, this.#starts.length * 2)
    this.#starts = grown(this.#starts, new Uint32Array(size))
    this.#ends = grown(this.#ends, new Uint32Array(size))
    this.#timesMs = grown(this.#timesMs, new Float64Array(size))
  }
}

function grown<Column extends Uint32Array | Float64Array>(column: Column, larger: Column): Column {
  larger.set(column)
  return larger
}

/** What was written, in a buffer that wastes little: records wait in memory for their outputs. */
function exact({ bytes, length }: ByteWriter): Buffer {
  if (bytes.length - length <= length / 4) return bytes.subarray(0, length)
  const copy = Buffer.allocUnsafeSlow(length)
  bytes.copy(copy, 0, 0, length)
  return copy
}
