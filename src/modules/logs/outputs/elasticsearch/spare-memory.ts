/** Smaller pieces are not worth keeping. */
const LEAST_BYTES = 256 * 1024
/** Sends that may be under way at one time need so many. */
const MOST_PIECES = 4

/**
 * Memory of bodies that have been sent, for those that follow. What is allocated outside of V8's heap makes it collect
 * all of it after each 64 MB, which holds the event loop for milliseconds each time; under load that would be several
 * times a second. The pieces are held weakly: the first collection after the load gives them back.
 */
export class SpareMemory {
  #pieces: WeakRef<Buffer>[] = []

  /** At least so many bytes, with whatever is in them. */
  take(bytes: number): Buffer {
    if (bytes < LEAST_BYTES) return Buffer.allocUnsafeSlow(bytes)
    const pieces = this.#pieces
    this.#pieces = []
    let taken: Buffer | undefined
    for (const piece of pieces) {
      const memory = piece.deref()
      if (memory === undefined) continue
      if (taken === undefined && memory.length >= bytes) taken = memory
      else this.#pieces.push(piece)
    }
    return taken ?? Buffer.allocUnsafeSlow(Math.ceil(bytes / LEAST_BYTES) * LEAST_BYTES)
  }

  /** Nobody looks at it any more. */
  give(memory: Buffer): void {
    if (memory.length < LEAST_BYTES) return
    if (this.#pieces.length === MOST_PIECES) this.#pieces.shift()
    this.#pieces.push(new WeakRef(memory))
  }
}
