import { MsgpackError } from './error.ts'

/** Behind the code: how many bytes say a length, by code from 0xc4 to 0xdf; what follows is that many bytes, or values. */
const LENGTH_BYTES: Readonly<Record<number, number>> = {
  196: 1,
  197: 2,
  198: 4,
  199: 1,
  200: 2,
  201: 4,
  217: 1,
  218: 2,
  219: 4,
  220: 2,
  221: 4,
  222: 2,
  223: 4,
}
/** The whole size of values that have a fixed one. */
const SIZES: Readonly<Record<number, number>> = {
  192: 1,
  194: 1,
  195: 1,
  202: 5,
  203: 9,
  204: 2,
  205: 3,
  206: 5,
  207: 9,
  208: 2,
  209: 3,
  210: 5,
  211: 9,
  212: 3,
  213: 4,
  214: 6,
  215: 10,
  216: 18,
}

/** Finds where the messages of a stream end, without looking at anything twice. One instance serves one stream. */
export class MessageFinder {
  readonly #maxBytes: number
  /** How far the message that is not whole yet was looked at, and how many values it wants still. */
  #seen = 0
  #wanted = 1

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * Behind the message that begins at `from`; -1 when it is not whole: then the next call gives the same message with
   * more behind it. Throws MsgpackError for bytes that are no MessagePack, and for a message that is or will be too large.
   */
  find(bytes: Buffer, from: number): number {
    let at = from + this.#seen
    let wanted = this.#wanted
    while (wanted > 0) {
      const code = bytes[at]
      if (code === undefined) break
      let size = 1
      let holds = 0
      if (code >= 0x80 && code < 0x90) holds = (code & 15) * 2
      else if (code >= 0x90 && code < 0xa0) holds = code & 15
      else if (code >= 0xa0 && code < 0xc0) size = 1 + (code & 31)
      else if (code >= 0xc0 && code < 0xe0) {
        const lengthBytes = LENGTH_BYTES[code]
        if (lengthBytes === undefined) {
          size = SIZES[code] ?? 0
          if (size === 0) throw new MsgpackError('the code c1, which MessagePack does not use')
        } else {
          if (at + 1 + lengthBytes > bytes.length) break
          const length = bytes.readUIntBE(at + 1, lengthBytes)
          size = 1 + lengthBytes
          if (code >= 0xde) holds = length * 2
          else if (code >= 0xdc) holds = length
          else size += length + (code >= 0xc7 && code <= 0xc9 ? 1 : 0)
        }
      }
      if (at - from + size + wanted - 1 + holds > this.#maxBytes)
        throw new MsgpackError(`a message is larger than ${this.#maxBytes} bytes`)
      if (at + size > bytes.length) break
      at += size
      wanted += holds - 1
    }
    if (wanted > 0) {
      this.#seen = at - from
      this.#wanted = wanted
      return -1
    }
    this.#seen = 0
    this.#wanted = 1
    return at
  }
}
