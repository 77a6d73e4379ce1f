/**
 * How a file is recognised. Device and inode are its key; the kernel gives an inode to another file once the first
 * is gone, and copytruncate keeps the inode and swaps the content. So a position also carries a mark: the hash of
 * the file's first bytes and of the bytes right before the offset. All of them lie before the offset, so the mark of
 * a file that only grows holds for ever; a file whose bytes differ there is another one and is read from its start.
 */

/** The longest head that is hashed. */
export const HEAD_BYTES = 1024
/** The longest stretch before the offset that is remembered and checked. */
export const RECENT_BYTES = 256

export interface Mark {
  readonly headBytes: number
  readonly headHash: string
  readonly recentBytes: number
  readonly recentHash: string
}

export function formatMark(mark: Mark): string {
  return `${mark.headBytes}-${mark.headHash}/${mark.recentBytes}-${mark.recentHash}`
}

/** Undefined when it was not written by `formatMark`. */
export function parseMark(text: string | undefined): Mark | undefined {
  const parts = /^(\d+)-([0-9a-f]+)\/(\d+)-([0-9a-f]+)$/.exec(text ?? '')
  if (!parts) return undefined
  const [, headBytes, headHash, recentBytes, recentHash] = parts
  return { headBytes: Number(headBytes), headHash, recentBytes: Number(recentBytes), recentHash }
}

/** 64 bits in hexadecimal: FNV-1a in two lanes. Against chance, not against malice: who writes the file may as well write lines. */
export function hashBytes(bytes: Uint8Array): string {
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  for (let i = 0; i < bytes.length; i++) {
    a = Math.imul(a ^ bytes[i], 0x01000193)
    b = Math.imul(b ^ bytes[i], 0x85ebca6b)
    b ^= b >>> 15
  }
  return hex32(a) + hex32(b)
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}

/** Follows what is read of one file and gives its mark at each point. */
export class Trail {
  /** The bytes right before the next one, at most RECENT_BYTES. */
  recent: Buffer = Buffer.alloc(0)
  #head: Buffer = Buffer.alloc(0)
  #headHash: string | undefined

  /** For a file that is taken up again: `head` and `recent` as they are in the file. */
  static resume(head: Buffer, recent: Buffer): Trail {
    const trail = new Trail()
    trail.#head = head
    trail.recent = recent
    return trail
  }

  /** The first bytes of the file, as far as it was read. */
  get head(): Uint8Array {
    return this.#head
  }

  /** These bytes come next in the file. Copies what it keeps. */
  pass(bytes: Buffer): void {
    if (bytes.length === 0) return
    if (this.#head.length < HEAD_BYTES) {
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, HEAD_BYTES - this.#head.length)])
      this.#headHash = undefined
    }
    const kept = bytes.length >= RECENT_BYTES ? 0 : Math.min(this.recent.length, RECENT_BYTES - bytes.length)
    const before = this.recent.subarray(this.recent.length - kept)
    this.recent = Buffer.concat([before, bytes.subarray(Math.max(0, bytes.length - RECENT_BYTES))])
  }

  /** The mark as it was at an earlier offset, before which these bytes lie. */
  markAt(offset: number, recent: Uint8Array): Mark {
    const head = this.#head.subarray(0, Math.min(offset, HEAD_BYTES))
    return {
      headBytes: head.length,
      headHash: hashBytes(head),
      recentBytes: recent.length,
      recentHash: hashBytes(recent),
    }
  }

  mark(): Mark {
    this.#headHash ??= hashBytes(this.#head)
    return {
      headBytes: this.#head.length,
      headHash: this.#headHash,
      recentBytes: this.recent.length,
      recentHash: hashBytes(this.recent),
    }
  }
}
