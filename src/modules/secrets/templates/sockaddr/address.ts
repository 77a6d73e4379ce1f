import { isIPv4, SocketAddress } from 'node:net'

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
    const width = isIPv4(address) ? 32 : 128
    const bits = prefix === undefined ? width : Number(prefix)
    const value = isIPv4(address) ? ofIPv4(address) : ofIPv6(address)
    if (value === undefined || !Number.isInteger(bits) || bits < 0 || bits > width)
      throw new Error(`unable to create an IP address from ${JSON.stringify(text)}`)
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
    const octets = this.octets()
    if (this.width === 32) return octets.join('.')
    if (this.value >> 32n === 0xffffn) return octets.slice(12).join('.')
    const groups = Array.from({ length: 8 }, (_, n) => octets[2 * n]! * 256 + octets[2 * n + 1]!)
    const { at, length } = longestZeros(groups)
    const hex = (part: readonly number[]) => part.map(group => group.toString(16)).join(':')
    return length < 2 ? hex(groups) : `${hex(groups.slice(0, at))}::${hex(groups.slice(at + length))}`
  }

  /** With its prefix, unless it is alone. */
  toString(): string {
    return this.prefix === this.width ? this.host : `${this.host}/${this.prefix}`
  }
}

function ofIPv4(text: string): bigint {
  return text.split('.').reduce((value, octet) => value * 256n + BigInt(octet), 0n)
}

function ofIPv6(text: string): bigint | undefined {
  const parsed = SocketAddress.parse(`[${text}]:0`)?.address
  if (parsed === undefined) return undefined
  // An IPv4 address may be its end.
  const plain = parsed.replace(/\d+\.\d+\.\d+\.\d+$/, end => {
    const value = ofIPv4(end)
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`
  })
  const [head = '', tail] = plain.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':').map(group => BigInt(`0x${group}`)))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0n)
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | group, 0n)
}

function longestZeros(groups: readonly number[]): { readonly at: number; readonly length: number } {
  let best = { at: 0, length: 0 }
  for (let at = 0; at < groups.length; at++) {
    let length = 0
    while (groups[at + length] === 0) length++
    if (length > best.length) best = { at, length }
  }
  return best
}
