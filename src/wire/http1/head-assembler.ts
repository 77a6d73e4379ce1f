import { Http1Error } from './error.ts'
import type { HeadLimits } from './limits.ts'

const CR = 0x0d
const LF = 0x0a
/** What every response begins with (RFC 9112 section 4). */
const RESPONSE_START = Buffer.from('HTTP/', 'latin1')
/** Nearly all heads are shorter; one look at so much text finds their end. */
const GLANCE_BYTES = 2048

/**
 * Gathers the bytes of a head until its empty line, and gives them as one latin1 string.
 * The verdict does not depend on how the bytes were split: what is wrong with the line ends is found at once,
 * so that a peer which never sends CR LF is answered and not waited for.
 */
export class HeadAssembler {
  readonly #kind: 'request' | 'response'
  readonly #limits: HeadLimits
  #held: Buffer | undefined
  #length = 0
  /** Up to here the line ends were checked. */
  #checked = 0
  /** After `take` gave a head: where the rest of the chunk begins. */
  next = 0

  constructor(kind: 'request' | 'response', limits: HeadLimits) {
    this.#kind = kind
    this.#limits = limits
  }

  /** Nothing of a head has arrived. */
  get empty(): boolean {
    return this.#length === 0
  }

  /**
   * Takes the bytes of `chunk` from `from`. Gives `parse` the head, from its first line to the CR LF of its last
   * field line, and returns its value; undefined while the head is incomplete. Throws Http1Error.
   */
  take<Head>(chunk: Buffer, from: number, parse: (text: string) => Head): Head | undefined {
    if (this.#length > 0) return this.#takeMore(chunk, from, parse)
    // A string is searched faster than a Buffer, and the head becomes one in any case.
    const glance = chunk.toString('latin1', from, from + GLANCE_BYTES)
    const found = glance.indexOf('\r\n\r\n')
    const end = found === -1 ? chunk.indexOf('\r\n\r\n', from, 'latin1') : from + found
    if (end === -1) {
      this.#hold(chunk, from)
      this.#checkPartial()
      return undefined
    }
    this.next = end + 4
    const bytes = from === 0 ? chunk : chunk.subarray(from)
    return this.#finish(bytes, end + 2 - from, parse, found === -1 ? undefined : glance)
  }

  #takeMore<Head>(chunk: Buffer, from: number, parse: (text: string) => Head): Head | undefined {
    const before = this.#length
    this.#hold(chunk, from)
    const bytes = this.#held!.subarray(0, this.#length)
    const end = bytes.indexOf('\r\n\r\n', Math.max(0, before - 3), 'latin1')
    if (end === -1) {
      this.#checkPartial()
      return undefined
    }
    this.next = from + end + 4 - before
    this.#held = undefined
    this.#length = 0
    this.#checked = 0
    return this.#finish(bytes, end + 2, parse)
  }

  #hold(chunk: Buffer, from: number): void {
    const needed = this.#length + chunk.length - from
    if (this.#held === undefined || this.#held.length < needed) {
      const larger = Buffer.allocUnsafe(Math.max(1024, 2 ** Math.ceil(Math.log2(needed))))
      this.#held?.copy(larger, 0, 0, this.#length)
      this.#held = larger
    }
    chunk.copy(this.#held, this.#length, from)
    this.#length = needed
  }

  /** `text`: the beginning of `bytes`, to `end` at least. */
  #finish<Head>(bytes: Buffer, end: number, parse: (text: string) => Head, text?: string): Head {
    try {
      if (end > this.#limits.maxHeadBytes) throw new Http1Error('head_too_large')
      const start = this.#leadingEmptyLine(bytes)
      return parse(text === undefined ? bytes.toString('latin1', start, end) : text.slice(start, end))
    } catch (error) {
      this.#checkStart(bytes, end)
      // The head's parser sees one line at a time; the byte that is wrong first is what the peer should hear of.
      this.#checkLineEnds(bytes, 0, end)
      throw error
    }
  }

  #checkPartial(): void {
    const bytes = this.#held!
    this.#checkStart(bytes, this.#length)
    this.#checked = this.#checkLineEnds(bytes, this.#checked, this.#length)
    if (this.#length > this.#limits.maxHeadBytes + 2) throw new Http1Error('head_too_large')
  }

  /** A server of another protocol may greet with a line and wait: there is no empty line to wait for. */
  #checkStart(bytes: Buffer, length: number): void {
    if (this.#kind === 'request') return
    const looked = Math.min(length, RESPONSE_START.length)
    if (RESPONSE_START.compare(bytes, 0, looked, 0, looked) !== 0) throw new Http1Error('bad_status_line')
  }

  /** Refuses a first line that is too long, and any CR, LF or NUL that has no place; returns how far it could look. */
  #checkLineEnds(bytes: Buffer, from: number, length: number): number {
    const { maxStartLineBytes, maxHeadBytes } = this.#limits
    const start = this.#leadingEmptyLine(bytes)
    const lineEnd = bytes.subarray(0, length).indexOf('\r\n', start, 'latin1')
    const longLine = lineEnd === -1 || lineEnd - start > maxStartLineBytes
    const stop = Math.min(length, longLine ? start + maxStartLineBytes + 2 : maxHeadBytes)
    let at = from
    for (; at < stop; at++) {
      const byte = bytes[at]!
      if (byte > CR) continue
      if (byte === LF && (at === 0 || bytes[at - 1] !== CR)) throw new Http1Error('bare_lf')
      if (byte === 0) throw new Http1Error('nul_byte')
      if (byte !== CR) continue
      if (at + 1 === stop) break
      if (bytes[at + 1] !== LF) throw new Http1Error('bare_cr')
    }
    if (longLine && length > start + maxStartLineBytes + 1)
      throw new Http1Error(this.#kind === 'request' ? 'target_too_long' : 'head_too_large')
    return at
  }

  /** RFC 9112 section 2.2: one empty line before a request line is let pass. */
  #leadingEmptyLine(bytes: Buffer): 0 | 2 {
    return this.#kind === 'request' && bytes[0] === CR && bytes[1] === LF ? 2 : 0
  }
}
