import type { Frame } from '../batch.ts'
import type { Place } from './place.ts'

/** A frame that is on disk, and still in memory. */
export interface StoredFrame {
  readonly frame: Frame
  readonly spooledAtMs: number
  /** The point right behind it. */
  readonly end: Place
  /** What it keeps from being collected. */
  readonly retainedBytes: number
}

/** The newest frames, without holes: readers that keep up never touch the disk. */
export class FrameMemory {
  readonly #maxBytes: number
  #frames: StoredFrame[] = []
  #from = 0
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get oldest(): StoredFrame | undefined {
    return this.#frames[this.#from]
  }

  /** Evicts the oldest as needed. */
  add(stored: StoredFrame): void {
    stored.frame.batch.memory?.keep()
    this.#frames.push(stored)
    this.#bytes += stored.retainedBytes
    while (this.#bytes > this.#maxBytes && this.#from < this.#frames.length) this.#dropOldest()
  }

  get(sequence: number): StoredFrame | undefined {
    const first = this.#frames[this.#from]
    return first && sequence >= first.frame.sequence
      ? this.#frames[this.#from + sequence - first.frame.sequence]
      : undefined
  }

  /** Frames below this sequence are needed no more. */
  release(sequence: number): void {
    while (this.#from < this.#frames.length && this.#frames[this.#from]!.frame.sequence < sequence) {
      this.#dropOldest()
    }
  }

  #dropOldest(): void {
    const { frame, retainedBytes } = this.#frames[this.#from]!
    this.#bytes -= retainedBytes
    frame.batch.memory?.letGo()
    this.#frames[this.#from] = undefined as unknown as StoredFrame
    this.#from++
    if (this.#from === this.#frames.length) {
      this.#frames = []
      this.#from = 0
    } else if (this.#from >= 1024 && this.#from * 2 > this.#frames.length) {
      this.#frames = this.#frames.slice(this.#from)
      this.#from = 0
    }
  }
}
