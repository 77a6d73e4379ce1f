/**
 * Memory with several users. Who gets one in a call holds it until the call is over; who wants it for longer says
 * `keep`, and `letGo` once for each `keep`. When the last one has let go, other bytes are read into it. To forget
 * `letGo` costs memory until the next collection; to say it too early costs records.
 */
export interface Lent {
  readonly bytes: Buffer
  keep(): void
  letGo(): void
}

/**
 * Pieces of one size that are read into again and again, so that a flood of lines leaves no garbage outside of V8's
 * heap, which V8 is slow to collect. Those that nobody uses are held weakly: the first collection after the flood
 * gives them back.
 */
export class LentMemory {
  readonly #pieceBytes: number
  readonly #mostSpare: number
  readonly #spare: WeakRef<Buffer>[] = []

  constructor(pieceBytes: number, mostSpare: number) {
    this.#pieceBytes = pieceBytes
    this.#mostSpare = mostSpare
  }

  /** At least so many bytes, with whatever is in them; the caller is the first user. */
  take(bytes: number): Lent {
    // What is much smaller would keep a whole piece, and what is larger is rare.
    if (bytes > this.#pieceBytes || bytes * 2 < this.#pieceBytes)
      return new Piece(Buffer.allocUnsafeSlow(bytes), undefined)
    return new Piece(this.#spareOne() ?? Buffer.allocUnsafeSlow(this.#pieceBytes), this)
  }

  /** Nobody looks at it any more. */
  give(bytes: Buffer): void {
    if (this.#spare.length < this.#mostSpare) this.#spare.push(new WeakRef(bytes))
  }

  #spareOne(): Buffer | undefined {
    for (let piece = this.#spare.pop(); piece !== undefined; piece = this.#spare.pop()) {
      const bytes = piece.deref()
      if (bytes !== undefined) return bytes
    }
    return undefined
  }
}

class Piece implements Lent {
  readonly bytes: Buffer
  readonly #home: LentMemory | undefined
  #users = 1

  constructor(bytes: Buffer, home: LentMemory | undefined) {
    this.bytes = bytes
    this.#home = home
  }

  keep(): void {
    if (this.#users === 0) throw new Error('memory that everybody has let go cannot be kept')
    this.#users++
  }

  letGo(): void {
    if (this.#users === 0) throw new Error('memory was let go more often than kept')
    if (--this.#users === 0) this.#home?.give(this.bytes)
  }
}
