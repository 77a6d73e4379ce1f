import { Http2Error } from './error.ts'
import { STATIC_TABLE } from './hpack-static-table.ts'
import { decodeHuffman } from './huffman.ts'

/** RFC 7541 section 4.1. */
export const ENTRY_OVERHEAD_BYTES = 32
const MAX_INTEGER = 2 ** 28
const FIRST_DYNAMIC = STATIC_TABLE.length + 1

/** Reads header blocks (RFC 7541). One for each direction of a connection: blocks must come in their order. */
export class HpackDecoder {
  readonly #maxListBytes: number
  readonly #maxTableBytes: number
  /** What the encoder has chosen below the maximum. */
  #tableBytesAllowed: number
  #tableBytes = 0
  /** name, value, name, value …; the newest last. */
  #entries: string[] = []
  /** Entries before it were evicted. */
  #oldest = 0
  #block: Buffer = Buffer.alloc(0)
  #at = 0
  /** The list of the last block was larger than allowed, and was not kept. */
  tooLarge = false

  /**
   * `maxTableBytes` is what SETTINGS_HEADER_TABLE_SIZE said; `maxListBytes` bounds one decoded list, counted as
   * SETTINGS_MAX_HEADER_LIST_SIZE counts.
   */
  constructor(maxTableBytes: number, maxListBytes: number) {
    this.#maxTableBytes = maxTableBytes
    this.#tableBytesAllowed = maxTableBytes
    this.#maxListBytes = maxListBytes
  }

  /**
   * name, value, name, value … of a whole block, as latin1. A list above the limit gives what fits and sets
   * `tooLarge`: the table stays right, so the connection goes on. Throws Http2Error COMPRESSION_ERROR.
   */
  decode(block: Buffer): string[] {
    this.#block = block
    this.#at = 0
    this.tooLarge = false
    const list: string[] = []
    let listBytes = 0
    let fieldSeen = false
    while (this.#at < block.length) {
      const byte = block[this.#at]!
      if ((byte & 0xe0) === 0x20) {
        if (fieldSeen) throw broken('a table size update after a field')
        this.#resize(this.#integer(5))
        continue
      }
      fieldSeen = true
      let name: string
      let value: string
      if (byte & 0x80) {
        const index = this.#integer(7)
        name = this.#name(index)
        value = this.#value(index)
      } else {
        const indexed = (byte & 0x40) !== 0
        const index = this.#integer(indexed ? 6 : 4)
        name = index === 0 ? this.#string() : this.#name(index)
        value = this.#string()
        if (indexed) this.#insert(name, value)
      }
      listBytes += name.length + value.length + ENTRY_OVERHEAD_BYTES
      if (listBytes <= this.#maxListBytes) list.push(name, value)
      else this.tooLarge = true
    }
    return list
  }

  #name(index: number): string {
    return index > 0 && index < FIRST_DYNAMIC
      ? STATIC_TABLE[index - 1]![0]
      : this.#entries[this.#find(index)]!
  }

  #value(index: number): string {
    return index > 0 && index < FIRST_DYNAMIC
      ? STATIC_TABLE[index - 1]![1]
      : this.#entries[this.#find(index) + 1]!
  }

  #find(index: number): number {
    const at = this.#entries.length - 2 * (index - FIRST_DYNAMIC + 1)
    if (index === 0 || at < this.#oldest) throw broken(`no entry with index ${index}`)
    return at
  }

  #insert(name: string, value: string): void {
    this.#tableBytes += name.length + value.length + ENTRY_OVERHEAD_BYTES
    this.#entries.push(name, value)
    this.#evict()
  }

  #resize(bytes: number): void {
    if (bytes > this.#maxTableBytes) throw broken('a table size above what was allowed')
    this.#tableBytesAllowed = bytes
    this.#evict()
  }

  #evict(): void {
    while (this.#tableBytes > this.#tableBytesAllowed) {
      const name = this.#entries[this.#oldest]!
      const value = this.#entries[this.#oldest + 1]!
      this.#tableBytes -= name.length + value.length + ENTRY_OVERHEAD_BYTES
      this.#entries[this.#oldest] = this.#entries[this.#oldest + 1] = ''
      this.#oldest += 2
    }
    if (this.#oldest > 256 && this.#oldest * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#oldest)
      this.#oldest = 0
    }
  }

  /** RFC 7541 section 5.1. */
  #integer(prefixBits: number): number {
    const block = this.#block
    const mask = (1 << prefixBits) - 1
    let value = block[this.#at++]! & mask
    if (value < mask) return value
    for (let shift = 0; ; shift += 7) {
      const byte = block[this.#at++]
      if (byte === undefined) throw broken('an integer is cut short')
      value += (byte & 0x7f) * 2 ** shift
      if (value > MAX_INTEGER || shift > 28) throw broken('an integer is too large')
      if (byte < 0x80) return value
    }
  }

  /** RFC 7541 section 5.2. */
  #string(): string {
    const block = this.#block
    const first = block[this.#at]
    if (first === undefined) throw broken('a string is missing')
    const length = this.#integer(7)
    const from = this.#at
    const to = from + length
    if (to > block.length) throw broken('a string is cut short')
    this.#at = to
    return first & 0x80 ? decodeHuffman(block, from, to) : block.toString('latin1', from, to)
  }
}

function broken(message: string): Http2Error {
  return new Http2Error('COMPRESSION_ERROR', `the header block cannot be read: ${message}`)
}
