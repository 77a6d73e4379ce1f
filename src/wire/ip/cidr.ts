import { type Family, readAddress, writeAddress } from './address.ts'

/** A block of addresses. Bits behind the prefix are 0. */
export interface Cidr {
  readonly family: 4 | 6
  readonly words: Uint32Array
  /** The prefix, counted from the first of 128 bits; IPv4 begins at the 97th. */
  readonly masks: Uint32Array
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. Undefined when the text is neither. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  const words = new Uint32Array(4)
  const address = slash === -1 ? text : text.slice(0, slash)
  const family = address.includes('%') ? 0 : readAddress(address, words)
  if (family === 0) return undefined
  // The prefix of a mapped address counts the bits of the IPv6 notation.
  const written = address.includes(':') ? 128 : 32
  const bits = slash === -1 ? written : prefixLength(text.slice(slash + 1), written)
  if (bits === undefined || (family === 4 && bits < written - 32)) return undefined
  const masks = prefixMasks(128 - written + bits)
  for (let at = 0; at < 4; at++) words[at] &= masks[at]
  return { family, words, masks }
}

/** Masks of the first `bits` of 128. */
function prefixMasks(bits: number): Uint32Array {
  const masks = new Uint32Array(4)
  for (let at = 0; at < 4; at++) {
    const here = Math.min(32, Math.max(0, bits - at * 32))
    masks[at] = here === 0 ? 0 : 0xffffffff << (32 - here)
  }
  return masks
}

/** Whether the block holds an address that `readAddress` read. Allocates nothing. */
export function contains(cidr: Cidr, family: Family, address: Uint32Array): boolean {
  if (cidr.family !== family) return false
  const { words, masks } = cidr
  return (
    ((address[0] ^ words[0]) & masks[0]) === 0 &&
    ((address[1] ^ words[1]) & masks[1]) === 0 &&
    ((address[2] ^ words[2]) & masks[2]) === 0 &&
    ((address[3] ^ words[3]) & masks[3]) === 0
  )
}

export function writeCidr({ family, words, masks }: Cidr): string {
  let bits = 0
  for (const mask of masks) bits += Math.clz32(~mask)
  return `${writeAddress(family, words)}/${family === 4 ? bits - 96 : bits}`
}

function prefixLength(text: string, max: number): number | undefined {
  if (!/^(0|[1-9][0-9]{0,2})$/.test(text)) return undefined
  const bits = Number(text)
  return bits <= max ? bits : undefined
}
