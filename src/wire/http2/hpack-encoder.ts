import type { ByteWriter } from './byte-writer.ts'
import { ENTRY_OVERHEAD_BYTES } from './hpack-decoder.ts'
import { STATIC_TABLE } from './hpack-static-table.ts'
import { encodeHuffman, huffmanBytes } from './huffman.ts'

/** A table larger than this costs memory on every connection and saves little. */
const MAX_TABLE_BYTES = 4096
const FIRST_DYNAMIC = STATIC_TABLE.length + 1

/** Values that differ from message to message would only push the others out. */
const NOT_INDEXED = new Set([
  ':path',
  'age',
  'content-length',
  'content-range',
  'etag',
  'if-modified-since',
  'if-none-match',
  'last-modified',
  'location',
  'traceparent',
  'tracestate',
  'x-request-id',
])

/** Secrets that must not be guessable through compression (RFC 7541 section 7.1.3): no table on the way keeps them. */
const NEVER_INDEXED = new Set(['authorization', 'cookie', 'proxy-authorization', 'set-cookie'])

const STATIC_NAMES = indexNames()
const STATIC_VALUES = indexValues()

function indexNames(): ReadonlyMap<string, number> {
  const names = new Map<string, number>()
  for (let at = STATIC_TABLE.length; at > 0; at--) names.set(STATIC_TABLE[at - 1]![0], at)
  return names
}

function indexValues(): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const names = new Map<string, Map<string, number>>()
  for (const [at, [name, value]] of STATIC_TABLE.entries()) {
    if (value === '') continue
    const values = names.get(name) ?? new Map<string, number>()
    names.set(name, values.set(value, at + 1))
  }
  return names
}

/** Writes header blocks (RFC 7541). One for each direction of a connection: blocks must be sent in their order. */
export class HpackEncoder {
  #maxTableBytes = MAX_TABLE_BYTES
  /** The smallest size since the last block, when the peer has changed it. */
  #pendingSize: number | undefined
  #tableBytes = 0
  /** name, value … of the entries, the newest last; `#evicted` of them are gone. */
  #entries: string[] = []
  #oldest = 0
  #evicted = 0
  #inserted = 0
  /** The running number of the newest entry by name and value. */
  readonly #numbers = new Map<string, Map<string, number>>()

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setMaxTableBytes(bytes: number): void {
    const size = Math.min(bytes, MAX_TABLE_BYTES)
    if (size === this.#maxTableBytes && this.#pendingSize === undefined) return
    this.#pendingSize = Math.min(size, this.#pendingSize ?? size)
    this.#maxTableBytes = size
    this.#evictTo(this.#pendingSize)
  }

  /** Must be called before the first field of a block: tells the peer of changed table sizes. */
  begin(out: ByteWriter): void {
    if (this.#pendingSize === undefined) return
    out.ensure(12)
    if (this.#pendingSize < this.#maxTableBytes) writeInteger(out, 0x20, 5, this.#pendingSize)
    writeInteger(out, 0x20, 5, this.#maxTableBytes)
    this.#pendingSize = undefined
  }

  /** Appends one field. `name` is lower case; both are latin1. */
  field(out: ByteWriter, name: string, value: string): void {
    out.ensure(name.length + value.length + 24)
    const known = STATIC_VALUES.get(name)?.get(value) ?? this.#index(name, value)
    if (known !== undefined) {
      writeInteger(out, 0x80, 7, known)
      return
    }
    const nameIndex = STATIC_NAMES.get(name) ?? this.#nameIndex(name)
    if (NEVER_INDEXED.has(name)) writeInteger(out, 0x10, 4, nameIndex)
    else if (NOT_INDEXED.has(name) || 2 * (name.length + value.length) > this.#maxTableBytes)
      writeInteger(out, 0x00, 4, nameIndex)
    else {
      writeInteger(out, 0x40, 6, nameIndex)
      this.#insert(name, value)
    }
    if (nameIndex === 0) writeString(out, name)
    writeString(out, value)
  }

  #index(name: string, value: string): number | undefined {
    const number = this.#numbers.get(name)?.get(value)
    return number === undefined ? undefined : this.#indexOf(number)
  }

  /** An index whose name it is; 0 for none. */
  #nameIndex(name: string): number {
    const values = this.#numbers.get(name)
    if (values === undefined) return 0
    for (const number of values.values()) return this.#indexOf(number)
    return 0
  }

  #indexOf(number: number): number {
    return FIRST_DYNAMIC + this.#inserted - 1 - number
  }

  #insert(name: string, value: string): void {
    const bytes = name.length + value.length + ENTRY_OVERHEAD_BYTES
    this.#evictTo(this.#maxTableBytes - bytes)
    if (bytes > this.#maxTableBytes) return
    this.#tableBytes += bytes
    this.#entries.push(name, value)
    let values = this.#numbers.get(name)
    if (values === undefined) this.#numbers.set(name, (values = new Map()))
    values.set(value, this.#inserted++)
  }

  #evictTo(bytes: number): void {
    while (this.#tableBytes > Math.max(bytes, 0)) {
      const name = this.#entries[this.#oldest]!
      const value = this.#entries[this.#oldest + 1]!
      this.#entries[this.#oldest] = this.#entries[this.#oldest + 1] = ''
      this.#oldest += 2
      this.#tableBytes -= name.length + value.length + ENTRY_OVERHEAD_BYTES
      const values = this.#numbers.get(name)!
      if (values.get(value) === this.#evicted) values.delete(value)
      if (values.size === 0) this.#numbers.delete(name)
      this.#evicted++
    }
    if (this.#oldest > 256 && this.#oldest * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#oldest)
      this.#oldest = 0
    }
  }
}

function writeInteger(out: ByteWriter, pattern: number, prefixBits: number, value: number): void {
  const mask = (1 << prefixBits) - 1
  if (value < mask) {
    out.bytes[out.at++] = pattern | value
    return
  }
  out.bytes[out.at++] = pattern | mask
  let left = value - mask
  for (; left >= 0x80; left >>>= 7) out.bytes[out.at++] = (left & 0x7f) | 0x80
  out.bytes[out.at++] = left
}

/** Huffman-coded when that is shorter. */
function writeString(out: ByteWriter, text: string): void {
  const coded = huffmanBytes(text)
  if (coded < text.length) {
    writeInteger(out, 0x80, 7, coded)
    out.at = encodeHuffman(text, out.bytes, out.at)
    return
  }
  writeInteger(out, 0x00, 7, text.length)
  out.at += out.bytes.write(text, out.at, 'latin1')
}
