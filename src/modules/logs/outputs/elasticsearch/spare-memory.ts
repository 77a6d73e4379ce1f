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
  readonly #pieces: WeakRef<Buffer>[] = []
  #pieceBytes = LEAST_BYTES

  /** At least so many bytes, with whatever is in them. All are of one size, so that one suits every body: what is not written takes no memory. */
  take(bytes: number): Buffer {
    if (bytes < LEAST_BYTES) return Buffer.allocUnsafeSlow(bytes)
    while (this.#pieceBytes < bytes) this.#pieceBytes *= 2
    for (let piece = this.#pieces.pop(); piece !== undefined; piece = this.#pieces.pop()) {
      const memory = piece.deref()
      if (memory !== undefined && memory.length >= bytes) return memory
    }
    return Buffer.allocUnsafeSlow(this.#pieceBytes)
  }

  /** Nobody looks at it any more. */
  give(memory: Buffer): void {
    if (memory.length < LEAST_BYTES) return
    if (this.#pieces.length === MOST_PIECES) this.#pieces.shift()
    this.#pieces.push(new WeakRef(memory))
  }
}
