/** The lines of a chunk. The columns belong to the caller. */
export interface Split {
  readonly count: number
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** 1 where the line is a piece of a longer one; absent when there is none. */
  readonly pieces?: Uint8Array
  /** Index of the first byte that is not used: right behind a line feed, a piece, or the end. */
  readonly next: number
  /** The byte at `next` goes on with a line of which pieces are out. */
  readonly midLine: boolean
}

export interface SplitRequest {
  readonly bytes: Buffer
  /** Where the first line starts; what lies before is left alone. */
  readonly from: number
  readonly midLine: boolean
  /** Nothing will follow: an unterminated rest is a line too. */
  readonly final: boolean
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** What becomes of a line that is too long: pieces of it, the first one, or nothing. */
export type LongLines = 'split' | 'truncate' | 'skip'

/** Cuts chunks into lines. Keeps scratch columns, so that a chunk costs two exact allocations. */
export class LineSplitter {
  readonly #maxLineBytes: number
  readonly #longLines: LongLines
  /** Lines of which something was left out, since somebody set it to 0. */
  shortened = 0
  readonly #separator: Buffer | number
  /** How many bytes a line feed has. */
  protected readonly feedBytes: number
  #starts = new Uint32Array(1024)
  #ends = new Uint32Array(1024)
  #pieces = new Uint8Array(1024)
  #count = 0
  #hasPieces = false

  constructor(maxLineBytes: number, longLines: LongLines = 'split', separator = '\n') {
    this.#maxLineBytes = maxLineBytes
    this.#longLines = longLines
    this.#separator = separator === '\n' ? LINE_FEED : Buffer.from(separator)
    this.feedBytes = Buffer.byteLength(separator)
  }

  /** Lines end at a line feed, or at CR LF, or at the separator; it is not part of the line. */
  split({ bytes, from, midLine, final }: SplitRequest): Split {
    this.#count = 0
    this.#hasPieces = false
    const max = this.#maxLineBytes
    let at = from
    for (let feed = this.feedIn(bytes, at); feed !== -1; feed = this.feedIn(bytes, at)) {
      const end = this.lineEnd(bytes, at, feed)
      if (midLine || feed - at > max) this.#lastPieces(bytes, at, end, midLine)
      else this.#add(at, end, 0)
      midLine = false
      at = feed + this.feedBytes
    }
    // Not at exactly the maximum: the line feed may be what comes next.
    while (bytes.length - at > max) {
      at = this.#piece(bytes, at, !midLine)
      midLine = true
    }
    if (final && at < bytes.length) {
      if (midLine) this.#addPiece(at, bytes.length, false)
      else this.#add(at, bytes.length, 0)
      at = bytes.length
      midLine = true
    }
    return this.#result(at, midLine)
  }

  /** Where the next line feed stands in the text that begins at `at`, or -1. */
  protected feedIn(bytes: Buffer, at: number): number {
    return bytes.indexOf(this.#separator, at)
  }

  /** Where the line `[at, feed)` ends, without a carriage return. */
  protected lineEnd(bytes: Buffer, at: number, feed: number): number {
    const isReturn = this.#separator === LINE_FEED && feed > at && bytes[feed - 1] === CARRIAGE_RETURN
    return isReturn ? feed - 1 : feed
  }

  /** The last place up to `limit` at which the text that begins at `at` can be cut. */
  protected cutBefore(bytes: Buffer, _at: number, limit: number): number {
    return characterStart(bytes, limit)
  }

  /** A line that is too long, or the end of one; nothing when only its line feed was missing. */
  #lastPieces(bytes: Buffer, at: number, end: number, midLine: boolean): void {
    if (midLine && at === end) return
    let piece = midLine
    while (end - at > this.#maxLineBytes) {
      at = this.#piece(bytes, at, !piece)
      piece = true
    }
    if (piece) this.#addPiece(at, end, false)
    else this.#add(at, end, 0)
  }

  #piece(bytes: Buffer, at: number, first: boolean): number {
    const cut = this.cutBefore(bytes, at, at + this.#maxLineBytes)
    this.#addPiece(at, cut, first)
    return cut
  }

  /** `first`: nothing of its line is out. */
  #addPiece(start: number, end: number, first: boolean): void {
    if (first && this.#longLines !== 'split') this.shortened++
    if (this.#longLines === 'split' || (first && this.#longLines === 'truncate')) this.#add(start, end, 1)
  }

  #add(start: number, end: number, piece: 0 | 1): void {
    if (this.#count === this.#starts.length) this.#grow()
    this.#starts[this.#count] = start
    this.#ends[this.#count] = end
    this.#pieces[this.#count++] = piece
    if (piece) this.#hasPieces = true
  }

  #grow(): void {
    const length = this.#starts.length * 2
    const wider = (column: Uint32Array) => {
      const next = new Uint32Array(length)
      next.set(column)
      return next
    }
    this.#starts = wider(this.#starts)
    this.#ends = wider(this.#ends)
    const pieces = new Uint8Array(length)
    pieces.set(this.#pieces)
    this.#pieces = pieces
  }

  #result(next: number, midLine: boolean): Split {
    const count = this.#count
    return {
      count,
      starts: this.#starts.slice(0, count),
      ends: this.#ends.slice(0, count),
      ...(this.#hasPieces ? { pieces: this.#pieces.slice(0, count) } : {}),
      next,
      midLine,
    }
  }
}

/** The start of the UTF-8 character that covers `at`; `at` itself when the bytes are not UTF-8. */
function characterStart(bytes: Buffer, at: number): number {
  for (let start = at; start > at - 4; start--) if ((bytes[start] & 0xc0) !== 0x80) return start
  return at
}

/** Lines of UTF-16, each of which begins at a whole unit. */
export class Utf16Splitter extends LineSplitter {
  protected override readonly feedBytes = 2
  readonly #high: 0 | 1

  constructor(maxLineBytes: number, longLines: LongLines, isBigEndian: boolean) {
    super(maxLineBytes, longLines)
    this.#high = isBigEndian ? 0 : 1
  }

  protected override feedIn(bytes: Buffer, at: number): number {
    const low = 1 - this.#high
    for (let feed = bytes.indexOf(LINE_FEED, at); feed !== -1; feed = bytes.indexOf(LINE_FEED, feed + 1)) {
      const unit = feed - low
      if (unit < at || (unit - at) % 2 === 1 || unit + 1 >= bytes.length) continue
      if (bytes[unit + this.#high] === 0) return unit
    }
    return -1
  }

  protected override lineEnd(bytes: Buffer, at: number, feed: number): number {
    const before = feed - 2
    const isReturn =
      before >= at && bytes[before + this.#high] === 0 && bytes[before + 1 - this.#high] === CARRIAGE_RETURN
    return isReturn ? before : feed
  }

  protected override cutBefore(bytes: Buffer, at: number, limit: number): number {
    const cut = limit - ((limit - at) % 2)
    // Not between the halves of a pair.
    const isSecondHalf = cut < bytes.length && (bytes[cut + this.#high] & 0xfc) === 0xdc
    return isSecondHalf && cut - 2 > at ? cut - 2 : cut
  }
}
