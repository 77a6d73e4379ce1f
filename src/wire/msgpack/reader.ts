import { MsgpackError } from './error.ts'

/** What a value is. */
export const MsgpackKind = {
  nil: 0,
  boolean: 1,
  /** `number` is exact. */
  integer: 2,
  /** `big` holds it: beyond what a number holds exactly. */
  bigInteger: 3,
  float: 4,
  text: 5,
  binary: 6,
  extension: 7,
  /** `length` values follow. */
  array: 8,
  /** `length` pairs follow. */
  map: 9,
} as const

/** Reads the values of a MessagePack text one by one (github.com/msgpack/msgpack/blob/master/spec.md). */
export class MsgpackReader {
  /** Of the value read last; one of MsgpackKind. */
  kind: number = MsgpackKind.nil
  /** Of an integer, a float or a boolean (0, 1). */
  number = 0
  big = 0n
  /** Where the bytes of a text, binary or extension begin. */
  start = 0
  /** How many bytes, values or pairs. */
  length = 0
  extensionType = 0
  bytes: Buffer = Buffer.alloc(0)
  #end = 0

  open(bytes: Buffer, end = bytes.length): this {
    this.bytes = bytes
    this.#end = end
    return this
  }

  /** Reads the value at `at`; gives where it ends, or where the values begin that it holds. Throws MsgpackError. */
  read(at: number): number {
    if (at >= this.#end) throw new MsgpackError('the message ends too early')
    const { bytes } = this
    const code = bytes[at]
    if (code < 0x80) return this.#integer(code, at + 1)
    if (code < 0x90) return this.#holds(MsgpackKind.map, code & 15, at + 1)
    if (code < 0xa0) return this.#holds(MsgpackKind.array, code & 15, at + 1)
    if (code < 0xc0) return this.#spans(MsgpackKind.text, code & 31, at + 1)
    if (code >= 0xe0) return this.#integer(code - 256, at + 1)
    return this.#coded(code, at + 1)
  }

  #coded(code: number, at: number): number {
    const { bytes } = this
    switch (code) {
      case 0xc0:
        this.kind = MsgpackKind.nil
        return at
      case 0xc2:
      case 0xc3:
        this.kind = MsgpackKind.boolean
        this.number = code - 0xc2
        return at
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#spans(
          MsgpackKind.binary,
          this.#length(at, 1 << (code - 0xc4)),
          at + (1 << (code - 0xc4)),
        )
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#length(at, 1 << (code - 0xc7)), at + (1 << (code - 0xc7)))
      case 0xca:
        this.kind = MsgpackKind.float
        this.number = bytes.readFloatBE(this.#has(at, 4))
        return at + 4
      case 0xcb:
        this.kind = MsgpackKind.float
        this.number = bytes.readDoubleBE(this.#has(at, 8))
        return at + 8
      case 0xcc:
      case 0xcd:
      case 0xce: {
        const size = 1 << (code - 0xcc)
        return this.#integer(bytes.readUIntBE(this.#has(at, size), size), at + size)
      }
      case 0xcf:
        return this.#bigInteger(bytes.readBigUInt64BE(this.#has(at, 8)), at + 8)
      case 0xd0:
      case 0xd1:
      case 0xd2: {
        const size = 1 << (code - 0xd0)
        return this.#integer(bytes.readIntBE(this.#has(at, size), size), at + size)
      }
      case 0xd3:
        return this.#bigInteger(bytes.readBigInt64BE(this.#has(at, 8)), at + 8)
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (code - 0xd4), at)
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#spans(MsgpackKind.text, this.#length(at, 1 << (code - 0xd9)), at + (1 << (code - 0xd9)))
      case 0xdc:
        return this.#holds(MsgpackKind.array, this.#length(at, 2), at + 2)
      case 0xdd:
        return this.#holds(MsgpackKind.array, this.#length(at, 4), at + 4)
      case 0xde:
        return this.#holds(MsgpackKind.map, this.#length(at, 2), at + 2)
      case 0xdf:
        return this.#holds(MsgpackKind.map, this.#length(at, 4), at + 4)
    }
    throw new MsgpackError('the code c1, which MessagePack does not use')
  }

  #has(at: number, size: number): number {
    if (at + size > this.#end) throw new MsgpackError('the message ends too early')
    return at
  }

  #length(at: number, size: number): number {
    return this.bytes.readUIntBE(this.#has(at, size), size)
  }

  #integer(number: number, next: number): number {
    this.kind = MsgpackKind.integer
    this.number = number
    return next
  }

  #bigInteger(big: bigint, next: number): number {
    const number = Number(big)
    if (Number.isSafeInteger(number)) return this.#integer(number, next)
    this.kind = MsgpackKind.bigInteger
    this.big = big
    this.number = number
    return next
  }

  #spans(kind: number, length: number, start: number): number {
    this.kind = kind
    this.start = this.#has(start, length)
    this.length = length
    return start + length
  }

  #extension(length: number, at: number): number {
    this.extensionType = this.bytes.readInt8(this.#has(at, 1))
    return this.#spans(MsgpackKind.extension, length, at + 1)
  }

  #holds(kind: number, length: number, next: number): number {
    // Each value takes a byte at least: who says more than can follow is not believed.
    if (length > this.#end - next) throw new MsgpackError('the message ends too early')
    this.kind = kind
    this.length = length
    return next
  }
}
