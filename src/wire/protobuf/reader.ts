/** The bytes are not a protobuf message. */
export class ProtobufFault extends Error {
  override readonly name = 'ProtobufFault'
}

/**
 * Reads the fields of one protobuf message after the other, in place: nothing is copied and nothing allocated but by
 * `uint64`. A field that nobody reads is skipped. Throws ProtobufFault for bytes that are no message.
 *
 * `while (reader.next()) switch (reader.tag) { case 0x0a: … }`; a tag is `field * 8 + wire type`.
 */
export class ProtobufReader {
  readonly bytes: Buffer
  /** Of the field that `next` has moved to. */
  tag = 0
  /** Where its value stands; of a length-delimited one without its length. */
  start = 0
  end = 0
  readonly #end: number

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.end = start
    this.#end = end
  }

  /** Moves to the next field; false at the end of the message. */
  next(): boolean {
    if (this.end >= this.#end) return false
    this.start = this.end
    this.tag = this.#small()
    if (this.tag < 8) throw new ProtobufFault('a field has the number 0')
    switch (this.tag & 7) {
      case 0:
        this.end = this.#behindVarint(this.start)
        break
      case 1:
        this.end = this.start + 8
        break
      case 2: {
        const size = this.#small()
        this.end = this.start + size
        break
      }
      case 5:
        this.end = this.start + 4
        break
      default:
        throw new ProtobufFault(`wire type ${this.tag & 7} is not in use`)
    }
    if (this.end > this.#end) throw new ProtobufFault('a field is longer than its message')
    return true
  }

  /** The message that the present field is. */
  message(): ProtobufReader {
    return new ProtobufReader(this.bytes, this.start, this.end)
  }

  /** A reader that stays at the present field. */
  here(): ProtobufReader {
    const here = new ProtobufReader(this.bytes, this.end, this.end)
    here.tag = this.tag
    here.start = this.start
    return here
  }

  text(): string {
    return this.bytes.toString('utf8', this.start, this.end)
  }

  /** The present varint as an unsigned number; above 2^53 it loses its last digits. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let at = this.start; at < this.end; at++, scale *= 128) value += (this.bytes[at] & 0x7f) * scale
    return value
  }

  /** The present varint as an int64. */
  int64(): number | bigint {
    // Nine groups of seven bits and one more: only the tenth byte makes it negative.
    if (this.end - this.start < 8) return this.varint()
    let value = 0n
    for (let at = this.end - 1; at >= this.start; at--) value = (value << 7n) | BigInt(this.bytes[at] & 0x7f)
    return BigInt.asIntN(64, value)
  }

  fixed32(): number {
    return this.bytes.readUInt32LE(this.start)
  }

  fixed64(): bigint {
    return this.bytes.readBigUInt64LE(this.start)
  }

  double(): number {
    return this.bytes.readDoubleLE(this.start)
  }

  /** A tag or a length at `start`, which moves behind it: 32 bits. */
  #small(): number {
    const { bytes } = this
    let value = 0
    for (let scale = 1; this.start < this.#end && scale <= 2 ** 28; scale *= 128) {
      const byte = bytes[this.start++]
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break
        return value
      }
    }
    throw new ProtobufFault('a tag or a length is no number of 32 bits')
  }

  #behindVarint(from: number): number {
    const limit = Math.min(this.#end, from + 10)
    for (let at = from; at < limit; at++) if (this.bytes[at] < 0x80) return at + 1
    throw new ProtobufFault('a number is longer than 64 bits or cut off')
  }
}
