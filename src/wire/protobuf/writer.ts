/** Writes the fields of one protobuf message (proto3: the caller leaves defaults out). */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafe(256)
  #length = 0

  /** What was written; valid until the next write. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** A whole number from 0 up to 2^53. */
  varint(field: number, value: number): void {
    this.#raw(field * 8)
    this.#raw(value)
  }

  /** An int64, also a negative one: two's complement in ten bytes. */
  int64(field: number, value: number | bigint): void {
    this.#raw(field * 8)
    if (typeof value === 'number' && value >= 0) this.#raw(value)
    else {
      let left = BigInt.asUintN(64, BigInt(value))
      this.#reserve(10)
      for (; left > 0x7fn; left >>= 7n) this.#bytes[this.#length++] = Number(left & 0x7fn) | 0x80
      this.#bytes[this.#length++] = Number(left)
    }
  }

  fixed64(field: number, value: bigint): void {
    this.#raw(field * 8 + 1)
    this.#reserve(8)
    this.#bytes.writeBigUInt64LE(value, this.#length)
    this.#length += 8
  }

  fixed32(field: number, value: number): void {
    this.#raw(field * 8 + 5)
    this.#reserve(4)
    this.#bytes.writeUInt32LE(value, this.#length)
    this.#length += 4
  }

  double(field: number, value: number): void {
    this.#raw(field * 8 + 1)
    this.#reserve(8)
    this.#bytes.writeDoubleLE(value, this.#length)
    this.#length += 8
  }

  /** As UTF-8; lone surrogates become U+FFFD. */
  string(field: number, value: string): void {
    const size = Buffer.byteLength(value, 'utf8')
    this.#raw(field * 8 + 2)
    this.#raw(size)
    this.#reserve(size)
    this.#length += this.#bytes.write(value, this.#length, 'utf8')
  }

  /** Bytes, or a message that was written already. */
  embed(field: number, value: Uint8Array): void {
    this.#raw(field * 8 + 2)
    this.#raw(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  /** `bytes[start, end)`, a text that is UTF-8 already. */
  text(field: number, bytes: Buffer, start: number, end: number): void {
    const size = end - start
    this.#raw(field * 8 + 2)
    this.#raw(size)
    this.#reserve(size)
    this.#length += bytes.copy(this.#bytes, this.#length, start, end)
  }

  /** A message in the message: `write` writes its fields with the writer that it is given. */
  message(field: number, write: (inner: ProtobufWriter) => void): void {
    const start = this.begin(field)
    write(this)
    this.end(start)
  }

  /** Begins a message in the message; what is written until `end` is its fields. Give the result to `end`. */
  begin(field: number): number {
    this.#raw(field * 8 + 2)
    this.#reserve(1)
    // Most are short, and their length has one byte; the others are moved.
    return ++this.#length
  }

  end(start: number): void {
    const size = this.#length - start
    let bytes = 1
    for (let rest = size; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++
    if (bytes > 1) {
      this.#reserve(bytes - 1)
      this.#bytes.copyWithin(start + bytes - 1, start, this.#length)
    }
    const end = this.#length + bytes - 1
    this.#length = start - 1
    this.#raw(size)
    this.#length = end
  }

  /** Fields that are written already. */
  raw(fields: Uint8Array): void {
    this.#reserve(fields.length)
    this.#bytes.set(fields, this.#length)
    this.#length += fields.length
  }

  #raw(value: number): void {
    this.#reserve(10)
    while (value > 0x7f) {
      this.#bytes[this.#length++] = (value % 128) | 0x80
      value = Math.floor(value / 128)
    }
    this.#bytes[this.#length++] = value
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
