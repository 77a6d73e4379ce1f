import type { Slice } from '../batch.ts'
import { fitting, sliceBytes } from './slices.ts'

interface Arrived {
  slice: Slice
  readonly atMs: number
}

/** Records that were taken from the spool and not sent yet, in order. */
export class FreshRecords {
  readonly #queue: Arrived[] = []
  #records = 0
  #bytes = 0

  get records(): number {
    return this.#records
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Since when the oldest waits; undefined when there is none. */
  get oldestAtMs(): number | undefined {
    return this.#queue[0]?.atMs
  }

  add(slice: Slice, atMs: number): void {
    this.#queue.push({ slice, atMs })
    this.#records += slice.to - slice.from
    this.#bytes += sliceBytes(slice)
  }

  /** The next records that fit in one send: at least one, when there is one. */
  take(maxRecords: number, maxBytes: number): Slice[] {
    const taken: Slice[] = []
    let records = maxRecords
    let bytes = maxBytes
    while (this.#queue.length > 0 && records > 0) {
      const head = this.#queue[0]!
      const part = fitting(head.slice, records, bytes)
      const size = sliceBytes(part)
      if (taken.length > 0 && size > bytes) break
      taken.push(part)
      records -= part.to - part.from
      bytes -= size
      this.#removed(head, part)
      if (bytes <= 0) break
    }
    return taken
  }

  #removed(head: Arrived, part: Slice): void {
    const before = sliceBytes(head.slice)
    this.#records -= part.to - part.from
    if (part.to === head.slice.to) {
      this.#queue.shift()
      this.#bytes -= before
    } else {
      head.slice = { frame: part.frame, from: part.to, to: head.slice.to }
      this.#bytes -= before - sliceBytes(head.slice)
    }
  }
}
