import { BACKSLASH, PLAIN, QUOTE } from './bytes.ts'

const HEX = Buffer.from('0123456789abcdef')
const UNICODE_ESCAPE = Buffer.from('u00')
/** The letter that follows the backslash, for the bytes that have one. */
const ESCAPES = new Uint8Array(256)
for (const [byte, letter] of ['""', '\\\\', '\bb', '\ff', '\nn', '\rr', '\tt'].map(pair =>
  Buffer.from(pair),
)) {
  ESCAPES[byte] = letter
}
/** Below this a byte loop beats the call into the runtime. */
const SHORT_COPY = 32
const SHORT_TEXT = 512

/** A buffer that grows as bytes are appended. `bytes[0, length)` is what was written. */
export class ByteWriter {
  bytes: Buffer
  length = 0

  /** Room of its own, or memory that it begins in: what does not fit there goes over into memory of its own. */
  constructor(room: number | Buffer) {
    this.bytes = typeof room === 'number' ? Buffer.allocUnsafeSlow(room) : room
  }

  /** Makes room for `more` bytes, which the caller then writes into `bytes` itself. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1)
    this.bytes[this.length++] = value
  }

  /** Appends `source[start, end)`, which may be this writer's own bytes. */
  copy(source: Buffer, start: number, end: number): void {
    const size = end - start
    if (this.length + size > this.bytes.length) this.reserve(size)
    const target = this.bytes
    let to = this.length
    this.length = to + size
    if (size <= SHORT_COPY) for (let from = start; from < end; ) target[to++] = source[from++]
    else source.copy(target, to, start, end)
  }

  /** Appends `source[start, end)` as a JSON string: quoted, with `"`, `\` and control characters escaped, all else as it is. */
  string(source: Buffer, start: number, end: number): void {
    this.byte(QUOTE)
    for (let run = start; ; ) {
      let at = run
      while (at < end && PLAIN[source[at]] === 1) at++
      this.copy(source, run, at)
      if (at >= end) break
      this.#escape(source[at])
      run = at + 1
    }
    this.byte(QUOTE)
  }

  /** Appends a text as a JSON string, in this encoding. */
  text(text: string, encoding: 'utf8' | 'latin1'): void {
    if (text.length <= SHORT_TEXT && this.#plainText(text)) return
    const source = Buffer.from(text, encoding)
    this.string(source, 0, source.length)
  }

  /** Short texts are nearly always plain ASCII: then no buffer is made for them. */
  #plainText(text: string): boolean {
    this.reserve(text.length + 2)
    const { bytes } = this
    let to = this.length
    bytes[to++] = QUOTE
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80 || PLAIN[code] === 0) return false
      bytes[to++] = code
    }
    bytes[to++] = QUOTE
    this.length = to
    return true
  }

  #escape(byte: number): void {
    this.byte(BACKSLASH)
    const letter = ESCAPES[byte]
    if (letter !== 0) {
      this.byte(letter)
      return
    }
    this.copy(UNICODE_ESCAPE, 0, UNICODE_ESCAPE.length)
    this.byte(HEX[byte >> 4])
    this.byte(HEX[byte & 15])
  }
}
