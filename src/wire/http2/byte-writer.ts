/** Bytes that grow at their end. Writing beyond the room moves them to a larger Buffer. */
export class ByteWriter {
  bytes: Buffer
  /** Where the next byte goes. */
  at: number

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  /** Makes room for `count` more bytes. */
  ensure(count: number): void {
    if (this.bytes.length - this.at >= count) return
    const larger = Buffer.allocUnsafeSlow(2 * Math.max(this.bytes.length, this.at + count))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }
}
