import { ByteWriter } from '../json/writer.ts'

/** Appends MessagePack values, each in its shortest form. */
export class MsgpackWriter {
  readonly out: ByteWriter

  constructor(capacity = 256) {
    this.out = new ByteWriter(capacity)
  }

  /** What was written. */
  get bytes(): Buffer {
    return this.out.bytes.subarray(0, this.out.length)
  }

  nil(): this {
    this.out.byte(0xc0)
    return this
  }

  boolean(value: boolean): this {
    this.out.byte(value ? 0xc3 : 0xc2)
    return this
  }

  array(length: number): this {
    return this.#head(length, { fixed: 0x90, most: 15, one: undefined, two: 0xdc, four: 0xdd })
  }

  map(length: number): this {
    return this.#head(length, { fixed: 0x80, most: 15, one: undefined, two: 0xde, four: 0xdf })
  }

  text(text: string): this {
    const bytes = Buffer.from(text)
    return this.textHead(bytes.length).raw(bytes, 0, bytes.length)
  }

  textHead(length: number): this {
    return this.#head(length, { fixed: 0xa0, most: 31, one: 0xd9, two: 0xda, four: 0xdb })
  }

  binary(bytes: Buffer): this {
    return this.#head(bytes.length, { fixed: 0, most: -1, one: 0xc4, two: 0xc5, four: 0xc6 }).raw(
      bytes,
      0,
      bytes.length,
    )
  }

  raw(bytes: Buffer, start: number, end: number): this {
    this.out.copy(bytes, start, end)
    return this
  }

  /** An integer that a number holds exactly, else a float. */
  number(value: number): this {
    const { out } = this
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      out.reserve(9)
      out.byte(0xcb)
      out.length = out.bytes.writeDoubleBE(value, out.length)
    } else if (value >= 0) this.#unsigned(value)
    else this.#negative(value)
    return this
  }

  big(value: bigint): this {
    const { out } = this
    out.reserve(9)
    out.byte(value < 0n ? 0xd3 : 0xcf)
    out.length =
      value < 0n
        ? out.bytes.writeBigInt64BE(value, out.length)
        : out.bytes.writeBigUInt64BE(value, out.length)
    return this
  }

  /** Fluentd's EventTime: extension 0 with seconds and nanoseconds. */
  eventTime(timeMs: number): this {
    const { out } = this
    const seconds = Math.floor(timeMs / 1000)
    out.reserve(10)
    out.byte(0xd7)
    out.byte(0)
    out.length = out.bytes.writeUInt32BE(Math.min(Math.max(seconds, 0), 0xffffffff), out.length)
    out.length = out.bytes.writeUInt32BE(Math.round((timeMs - seconds * 1000) * 1e6) % 1e9, out.length)
    return this
  }

  #unsigned(value: number): void {
    const { out } = this
    if (value < 0x80) {
      out.byte(value)
      return
    }
    if (value > 0xffffffff) {
      this.big(BigInt(value))
      return
    }
    const size = value < 0x100 ? 1 : value < 0x10000 ? 2 : 4
    out.reserve(5)
    out.byte(size === 1 ? 0xcc : size === 2 ? 0xcd : 0xce)
    out.length = out.bytes.writeUIntBE(value, out.length, size)
  }

  #negative(value: number): void {
    const { out } = this
    if (value >= -32) {
      out.byte(value + 256)
      return
    }
    if (value < -0x80000000) {
      this.big(BigInt(value))
      return
    }
    const size = value >= -0x80 ? 1 : value >= -0x8000 ? 2 : 4
    out.reserve(5)
    out.byte(size === 1 ? 0xd0 : size === 2 ? 0xd1 : 0xd2)
    out.length = out.bytes.writeIntBE(value, out.length, size)
  }

  #head(length: number, codes: Codes): this {
    const { out } = this
    out.reserve(5)
    if (length <= codes.most) out.byte(codes.fixed | length)
    else if (codes.one !== undefined && length < 0x100) {
      out.byte(codes.one)
      out.byte(length)
    } else if (length < 0x10000) {
      out.byte(codes.two)
      out.length = out.bytes.writeUInt16BE(length, out.length)
    } else {
      out.byte(codes.four)
      out.length = out.bytes.writeUInt32BE(length, out.length)
    }
    return this
  }
}

interface Codes {
  readonly fixed: number
  /** The most that the fixed form holds. */
  readonly most: number
  readonly one: number | undefined
  readonly two: number
  readonly four: number
}
