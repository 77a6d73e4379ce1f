/** IPv4 has one word, in the last place; IPv6 four, the first bits in the first. 0: the text is no address. */
export type Family = 0 | 4 | 6

const DOT = 0x2e
const COLON = 0x3a

/**
 * Reads an address into `words` (four places) without allocating. IPv4 is four decimal numbers without leading zeros;
 * IPv6 is RFC 4291 section 2.2; a zone behind `%` is ignored, whatever its name, for a peer that could not be read
 * would be in no block that is to be refused; and an IPv4-mapped address (`::ffff:10.0.0.1`) is IPv4:
 * a socket that takes both families names IPv4 peers in that way.
 */
export function readAddress(text: string, words: Uint32Array): Family {
  words.fill(0)
  if (!text.includes(':')) return readIpv4(text, 0, text.length, words) ? 4 : 0
  if (!readIpv6(text, words)) return 0
  if (words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff) return 6
  words[2] = 0
  return 4
}

/** The canonical text of RFC 5952; an IPv4 address has family 4. */
export function writeAddress(family: 4 | 6, words: Uint32Array): string {
  if (family === 4)
    return `${words[3] >>> 24}.${(words[3] >>> 16) & 255}.${(words[3] >>> 8) & 255}.${words[3] & 255}`
  const groups = Array.from({ length: 8 }, (_, at) => (words[at >> 1] >>> (at & 1 ? 0 : 16)) & 0xffff)
  const { start, length } = longestZeros(groups)
  const hex = (part: number[]) => part.map(group => group.toString(16)).join(':')
  if (length < 2) return hex(groups)
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

function readIpv4(text: string, from: number, to: number, words: Uint32Array): boolean {
  let value = 0
  let at = from
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== DOT) return false
    const start = at
    let number = 0
    while (at < to && at - start < 3) {
      const digit = text.charCodeAt(at) - 0x30
      if (digit < 0 || digit > 9) break
      number = number * 10 + digit
      at++
    }
    if (at === start || number > 255 || (at - start > 1 && text.charCodeAt(start) === 0x30)) return false
    value = value * 256 + number
  }
  words[3] = value
  return at === to
}

function readIpv6(text: string, words: Uint32Array): boolean {
  const zone = text.indexOf('%')
  if (zone === text.length - 1) return false
  const to = zone === -1 ? text.length : zone
  let at = 0
  let group = 0
  /** The group before which `::` stands. */
  let gap = -1
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false
    gap = 0
    at = 2
  }
  while (at < to) {
    if (group === 8) return false
    const end = hexEnd(text, at, to)
    if (text.charCodeAt(end) === DOT && end < to) {
      if (group > 6 || !readIpv4Tail(text, at, to, group, words)) return false
      group += 2
      break
    }
    if (end === at) return false
    setGroup(words, group++, hexValue(text, at, end))
    if (end === to) break
    if (text.charCodeAt(end) !== COLON) return false
    at = end + 1
    if (text.charCodeAt(at) === COLON && at < to) {
      if (gap !== -1) return false
      gap = group
      at++
    } else if (at === to) return false
  }
  if (gap === -1) return group === 8
  if (group === 8) return false
  spread(words, gap, group)
  return true
}

function hexEnd(text: string, from: number, to: number): number {
  let at = from
  while (at < to && at - from < 4 && isHex(text.charCodeAt(at))) at++
  return at
}

function hexValue(text: string, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at)
    value = value * 16 + (code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57)
  }
  return value
}

function isHex(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66)
}

/** The last two groups in IPv4's notation: `64:ff9b::192.0.2.1`. */
function readIpv4Tail(text: string, at: number, to: number, group: number, words: Uint32Array): boolean {
  const last = words[3]
  if (!readIpv4(text, at, to, words)) return false
  const value = words[3]
  words[3] = last
  setGroup(words, group, value >>> 16)
  setGroup(words, group + 1, value & 0xffff)
  return true
}

function setGroup(words: Uint32Array, group: number, value: number): void {
  const shift = group & 1 ? 0 : 16
  const word = group >> 1
  words[word] = (words[word] & ~(0xffff << shift)) | (value << shift)
}

function getGroup(words: Uint32Array, group: number): number {
  return (words[group >> 1] >>> (group & 1 ? 0 : 16)) & 0xffff
}

/** Moves the groups behind `::` to the end. */
function spread(words: Uint32Array, gap: number, groups: number): void {
  for (let moved = 0; moved < groups - gap; moved++) {
    const from = groups - 1 - moved
    const value = getGroup(words, from)
    setGroup(words, from, 0)
    setGroup(words, 7 - moved, value)
  }
}
