import type { Limits } from '../outputs/output.ts'

const MIN_BYTES = 64 * 1024
/** Slow enough that a peer with a small limit is asked in vain once in some thirty sends. */
const GROWTH = 1.02

/** How large sends are: what the output allows, what its share of memory allows, and what its peer turned out to take. */
export class SendSize {
  readonly maxRecords: number
  /** What records may take that were not sent yet, or not settled: the rest is for bodies. */
  readonly recordBytes: number
  readonly #ceiling: number
  #bytes: number

  constructor({ maxBytes, maxRecords, concurrency }: Limits, maxInFlightBytes: number) {
    this.maxRecords = Math.max(1, maxRecords)
    // A send under way has its records and a body of much the same size; meanwhile the next one is put together.
    const share = Math.max(MIN_BYTES, Math.floor(maxInFlightBytes / (2 * concurrency + 1)))
    this.#ceiling = Math.min(maxBytes, share)
    this.recordBytes = Math.max(maxInFlightBytes / 2, maxInFlightBytes - concurrency * this.#ceiling)
    this.#bytes = this.#ceiling
  }

  get maxBytes(): number {
    return this.#bytes
  }

  tooLarge(bytes: number): void {
    this.#bytes = Math.min(this.#bytes, Math.max(MIN_BYTES, Math.floor(bytes / 2)))
  }

  worked(): void {
    if (this.#bytes < this.#ceiling) this.#bytes = Math.min(this.#ceiling, Math.ceil(this.#bytes * GROWTH))
  }
}
