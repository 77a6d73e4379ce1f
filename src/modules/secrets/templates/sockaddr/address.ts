import { readAddress, writeAddress } from '../../../../wire/ip/address.ts'

/** An address of an interface with the size of its network. IPv4 and IPv6 differ in their width only. */
export class Address {
  readonly value: bigint
  /** Of the network; 32 or 128 for a single address. */
  readonly prefix: number
  /** 32 or 128 bits. */
  readonly width: 32 | 128

  constructor(value: bigint, prefix: number, width: 32 | 128) {
    this.value = BigInt.asUintN(width, value)
    this.prefix = prefix
    this.width = width
  }

  /** `10.0.0.1/8`, `::1/128`, or without a prefix a single address. Throws for anything else. */
  static parse(text: string): Address {
    const [address = '', prefix] = text.split('/')
    const width = address.includes(':') ? 128 : 32
    const bits = prefix === undefined ? width : Number(prefix)
    const words = new Uint32Array(4)
    const family = readAddress(address, words)
    if (family === 0 || !Number.isInteger(bits) || bits < 0 || bits > width)
      throw new Error(`unable to create an IP address from ${JSON.stringify(text)}`)
    // One of IPv4 that is written as one of IPv6 is read as what it is.
    if (family === 4 && width === 128) words[2] = 0xffff
    const value = words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n)
    return new Address(value, bits, width)
  }

  get type(): 'IPv4' | 'IPv6' {
    return this.width === 32 ? 'IPv4' : 'IPv6'
  }

  /** The bits of the network. */
  get mask(): bigint {
    return BigInt.asUintN(this.width, -1n << BigInt(this.width - this.prefix))
  }

  /** The bits of the host. */
  get hostMask(): bigint {
    return (1n << BigInt(this.width - this.prefix)) - 1n
  }

  get network(): bigint {
    return this.value & this.mask
  }

  get broadcast(): bigint {
    return this.value | this.hostMask
  }

  get size(): bigint {
    return 1n << BigInt(this.width - this.prefix)
  }

  /** Another address of the same kind, alone unless a prefix is given. */
  at(value: bigint, prefix: number = this.width): Address {
    return new Address(value, prefix, this.width)
  }

  /** Whether all of the other's network lies in this one. */
  contains(other: Address): boolean {
    return this.width === other.width && other.network >= this.network && other.broadcast <= this.broadcast
  }

  /** Big-endian. */
  octets(): number[] {
    const count = this.width / 8
    return Array.from({ length: count }, (_, n) =>
      Number(BigInt.asUintN(8, this.value >> BigInt(8 * (count - 1 - n)))),
    )
  }

  /** The address alone, as Go prints it (RFC 5952; an IPv4 address within IPv6 as one of IPv4). */
  get host(): string {
    const isIPv4 = this.width === 32 || this.value >> 32n === 0xffffn
    return writeAddress(isIPv4 ? 4 : 6, wordsOf(this.value))
  }

  /** With its prefix, unless it is alone. */
  toString(): string {
    return this.prefix === this.width ? this.host : `${this.host}/${this.prefix}`
  }
}

/** Four words of 32 bits, the first bits in the first. */
function wordsOf(value: bigint): Uint32Array {
  return Uint32Array.from([96n, 64n, 32n, 0n], shift => Number(BigInt.asUintN(32, value >> shift)))
}
