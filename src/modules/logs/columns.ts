import type { Lent, LentMemory } from './lent-memory.ts'

/** A time, a start and an end. */
const ROW_BYTES = 16

/** Where the records of a batch begin and end, and when they happened, in one piece of memory; more rows make it grow. */
export class Columns {
  starts!: Uint32Array
  ends!: Uint32Array
  timesMs!: Float64Array
  /** What the columns lie in, unless it is all theirs. */
  memory: Lent | undefined
  #rows = 0
  readonly #pool: LentMemory | undefined

  /** `pool`: where memory is taken from; without it the columns have memory of their own. */
  constructor(pool: LentMemory | undefined) {
    this.#pool = pool
  }

  /** New columns of so many rows; those before belong to whoever has taken them. */
  begin(rows: number): void {
    this.#rows = rows
    this.memory = this.#pool?.take(rows * ROW_BYTES)
    const { buffer, byteOffset } = this.memory?.bytes ?? new Uint8Array(rows * ROW_BYTES)
    this.timesMs = new Float64Array(buffer, byteOffset, rows)
    this.starts = new Uint32Array(buffer, byteOffset + rows * 8, rows)
    this.ends = new Uint32Array(buffer, byteOffset + rows * 12, rows)
  }

  set(row: number, start: number, end: number, timeMs: number): void {
    if (row === this.#rows) this.#grow()
    this.starts[row] = start
    this.ends[row] = end
    this.timesMs[row] = timeMs
  }

  #grow(): void {
    const { starts, ends, timesMs, memory } = this
    this.begin(Math.max(16, this.#rows * 2))
    this.starts.set(starts)
    this.ends.set(ends)
    this.timesMs.set(timesMs)
    memory?.letGo()
  }
}
