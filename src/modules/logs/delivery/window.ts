import type { Slice } from '../batch.ts'
import type { Lent } from '../lent-memory.ts'
import type { SpoolReader } from '../spool/reader.ts'
import { sliceBytes } from './slices.ts'

interface Entry {
  readonly sequence: number
  readonly from: number
  readonly to: number
  readonly bytes: number
  readonly memory: Lent | undefined
  /** Records that are not settled. */
  left: number
  /** Which records are settled, by their index from `from` on; made when they are not settled all at once. */
  settled: Uint8Array | undefined
  /** The first record that is not settled, and the one that was when it was last acknowledged. */
  head: number
  acked: number
}

/**
 * The frames that were taken and are not acknowledged, in order. Records are settled in any order; what is
 * acknowledged is the unbroken run of settled records from the oldest on.
 */
export class Window {
  readonly #reader: Pick<SpoolReader, 'ack'>
  readonly #entries: Entry[] = []
  readonly #bySequence = new Map<number, Entry>()
  #bytes = 0

  constructor(reader: Pick<SpoolReader, 'ack'>) {
    this.#reader = reader
  }

  /** Bytes of frames with records that are not settled: what the window keeps in memory. */
  get bytes(): number {
    return this.#bytes
  }

  /** How many frames are not acknowledged. */
  get frames(): number {
    return this.#entries.length
  }

  add(slice: Slice): void {
    const { frame, from, to } = slice
    const bytes = sliceBytes(slice)
    const entry = {
      sequence: frame.sequence,
      from,
      to,
      bytes,
      memory: frame.batch.memory,
      left: to - from,
      settled: undefined,
      head: from,
      acked: from,
    }
    this.#entries.push(entry)
    this.#bySequence.set(entry.sequence, entry)
    this.#bytes += bytes
  }

  /**
   * These records need nothing more, and nobody looks at them again. Acknowledges what is unbroken now, with one call
   * at most.
   */
  settle(slices: readonly Slice[]): void {
    for (const slice of slices) {
      const entry = this.#bySequence.get(slice.frame.sequence)
      if (entry) this.#settle(entry, slice)
    }
    this.#acknowledge()
  }

  #settle(entry: Entry, { from, to }: Slice): void {
    if (entry.left === 0) return
    if (from === entry.from && to === entry.to) entry.left = 0
    else {
      entry.settled ??= new Uint8Array(entry.to - entry.from)
      for (let record = from; record < to; record++) {
        if (entry.settled[record - entry.from] === 1) continue
        entry.settled[record - entry.from] = 1
        entry.left--
      }
      while (entry.settled[entry.head - entry.from] === 1) entry.head++
    }
    if (entry.left > 0) return
    entry.settled = undefined
    this.#bytes -= entry.bytes
    entry.memory?.letGo()
  }

  #acknowledge(): void {
    let whole: Entry | undefined
    let count = 0
    while (count < this.#entries.length && this.#entries[count]!.left === 0) {
      whole = this.#entries[count++]!
      this.#bySequence.delete(whole.sequence)
    }
    if (count > 0) this.#entries.splice(0, count)
    const partly = this.#entries[0]
    if (partly && partly.head > partly.acked) {
      partly.acked = partly.head
      this.#reader.ack(partly.sequence, partly.head)
    } else if (whole) this.#reader.ack(whole.sequence)
  }
}
