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

/** What is smaller costs little. */
const LEAST_BYTES = 1024
/** Two sizes for each doubling. */
const STEPS = [1, 0.75]

/**
 * Pieces of memory that are written into again and again, so that a flood of lines leaves no garbage outside of V8's
 * heap, which V8 is slow to collect, and no holes in the memory of the process. There are a few sizes of them, so that
 * one suits many. Those that nobody uses are held weakly: the first collection after the flood gives them back.
 */
export class LentMemory {
  readonly #mostSpareBytes: number
  /** From the largest to the smallest. */
  readonly #shelves: readonly Shelf[]
  #spareBytes = 0

  /** What is larger than a piece of `largestBytes` is rare, and not kept. */
  constructor(largestBytes: number, mostSpareBytes: number) {
    this.#mostSpareBytes = mostSpareBytes
    const sizes: number[] = []
    for (let size = largestBytes; size >= LEAST_BYTES; size /= 2)
      sizes.push(...STEPS.map(step => Math.ceil((size * step) / 16) * 16))
    this.#shelves = sizes.map(pieceBytes => ({ pieceBytes, spare: [] }))
  }

  /** At least so many bytes, with whatever is in them; the caller is the first user. */
  take(bytes: number): Lent {
    const at = bytes < LEAST_BYTES ? -1 : this.#shelves.findLastIndex(({ pieceBytes }) => pieceBytes >= bytes)
    if (at === -1) return new Piece(Buffer.allocUnsafeSlow(bytes), undefined)
    const shelf = this.#shelves[at]
    const spare = this.#spareOf(shelf) ?? (at > 0 ? this.#spareOf(this.#shelves[at - 1]) : undefined)
    return new Piece(spare ?? Buffer.allocUnsafeSlow(shelf.pieceBytes), this)
  }

  /** Nobody looks at it any more. */
  give(bytes: Buffer): void {
    const shelf = this.#shelves.find(({ pieceBytes }) => pieceBytes === bytes.length)
    if (shelf === undefined) return
    if (this.#spareBytes + bytes.length > this.#mostSpareBytes) this.#forgetCollected()
    if (this.#spareBytes + bytes.length > this.#mostSpareBytes) return
    shelf.spare.push(new WeakRef(bytes))
    this.#spareBytes += bytes.length
  }

  #forgetCollected(): void {
    this.#spareBytes = 0
    for (const shelf of this.#shelves) {
      shelf.spare = shelf.spare.filter(piece => piece.deref() !== undefined)
      this.#spareBytes += shelf.spare.length * shelf.pieceBytes
    }
  }

  #spareOf({ spare, pieceBytes }: Shelf): Buffer | undefined {
    for (let piece = spare.pop(); piece !== undefined; piece = spare.pop()) {
      this.#spareBytes -= pieceBytes
      const bytes = piece.deref()
      if (bytes !== undefined) return bytes
    }
    return undefined
  }
}

/** The spare pieces of one size. */
interface Shelf {
  readonly pieceBytes: number
  spare: WeakRef<Buffer>[]
}

/** Two pieces of memory that one thing lies in: `bytes` are those of the first. */
export class LentTogether implements Lent {
  readonly #first: Lent
  readonly #second: Lent

  constructor(first: Lent, second: Lent) {
    this.#first = first
    this.#second = second
  }

  get bytes(): Buffer {
    return this.#first.bytes
  }

  keep(): void {
    this.#first.keep()
    this.#second.keep()
  }

  letGo(): void {
    this.#first.letGo()
    this.#second.letGo()
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
