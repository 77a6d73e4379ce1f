import { Http2Error } from './error.ts'

/** The code lengths of RFC 7541 appendix B by symbol; the last is EOS. The code is canonical: lengths say it all. */
// biome-ignore format: a table
const LENGTHS = Uint8Array.of(
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
)
const EOS = 256

interface Tables {
  /** By symbol, right-aligned. */
  readonly codes: Uint32Array
  /** By state * 16 + four bits: next state, and what the step gave. */
  readonly steps: Uint32Array
}

const EMITS = 0x10000
const FAILS = 0x20000
/** The string may end here: less than a byte of ones since the last symbol. */
const ENDS = 0x40000

let made: Tables | undefined

/** Made at the first use: a process without HTTP/2 does not pay for it. */
function tables(): Tables {
  return (made ??= makeTables())
}

function makeTables(): Tables {
  const codes = makeCodes()
  const { children, ends } = makeTree(codes)
  const steps = new Uint32Array((children.length / 2) * 16)
  for (let state = 0; state < children.length / 2; state++)
    for (let bits = 0; bits < 16; bits++) steps[state * 16 + bits] = step(children, ends, state, bits)
  return { codes, steps }
}

function makeCodes(): Uint32Array {
  const codes = new Uint32Array(257)
  let code = 0
  for (let length = 5; length <= 30; length++) {
    for (let symbol = 0; symbol <= EOS; symbol++) if (LENGTHS[symbol] === length) codes[symbol] = code++
    code *= 2
  }
  return codes
}

/** A binary tree: children by state * 2 + bit; a symbol is -1 - symbol. */
function makeTree(codes: Uint32Array): { children: number[]; ends: Set<number> } {
  const children = [0, 0]
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let state = 0
    for (let bit = LENGTHS[symbol]! - 1; bit >= 0; bit--) {
      const at = state * 2 + ((codes[symbol]! >>> bit) & 1)
      if (bit === 0) children[at] = -1 - symbol
      else {
        if (children[at] === 0) {
          children[at] = children.length / 2
          children.push(0, 0)
        }
        state = children[at]!
      }
    }
  }
  // RFC 7541 section 5.2: padding is the most significant bits of EOS (all ones), seven at most.
  const ends = new Set([0])
  for (let ones = 0, state = 0; ones < 7; ones++) {
    state = children[state * 2 + 1]!
    ends.add(state)
  }
  return { children, ends }
}

function step(children: number[], ends: Set<number>, from: number, bits: number): number {
  let state = from
  let result = 0
  for (let bit = 3; bit >= 0; bit--) {
    const next = children[state * 2 + ((bits >>> bit) & 1)]!
    if (next === -1 - EOS) return FAILS
    if (next < 0) {
      // The shortest code has five bits: four of them end one symbol at most.
      result = EMITS | ((-1 - next) << 8)
      state = 0
    } else state = next
  }
  return (result << 8) | (ends.has(state) ? ENDS << 8 : 0) | state
}

let scratch = Buffer.alloc(0)

/** The latin1 text of a Huffman-coded string (RFC 7541 section 5.2). Throws Http2Error COMPRESSION_ERROR. */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number): string {
  const { steps } = tables()
  const most = Math.ceil(((to - from) * 8) / 5)
  if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(Math.max(most, 4096))
  const out = scratch
  let written = 0
  let state = 0
  let entry = ENDS << 8
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!
    entry = steps[state * 16 + (byte >>> 4)]!
    if (entry & (EMITS << 8)) out[written++] = entry >>> 16
    if (entry === FAILS) throw new Http2Error('COMPRESSION_ERROR', 'EOS within a Huffman-coded string')
    entry = steps[(entry & 0xff) * 16 + (byte & 15)]!
    if (entry & (EMITS << 8)) out[written++] = entry >>> 16
    if (entry === FAILS) throw new Http2Error('COMPRESSION_ERROR', 'EOS within a Huffman-coded string')
    state = entry & 0xff
  }
  if ((entry & (ENDS << 8)) === 0)
    throw new Http2Error(
      'COMPRESSION_ERROR',
      'the padding of a Huffman-coded string is not a byte of ones at most',
    )
  return out.toString('latin1', 0, written)
}

/** How many bytes the Huffman code of a latin1 text takes. */
export function huffmanBytes(text: string): number {
  let bits = 0
  for (let at = 0; at < text.length; at++) bits += LENGTHS[text.charCodeAt(at)]!
  return (bits + 7) >>> 3
}

/** Writes the Huffman code of a latin1 text; there must be room. Returns where it ends. */
export function encodeHuffman(text: string, out: Uint8Array, from: number): number {
  const { codes } = tables()
  let at = from
  let held = 0
  let heldBits = 0
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index)
    const code = codes[symbol]!
    let left = LENGTHS[symbol]!
    // At most seven bits are held and 24 added: that fits 31.
    if (left > 24) {
      held = (held << (left - 24)) | (code >>> 24)
      heldBits += left - 24
      left = 24
      while (heldBits >= 8) {
        heldBits -= 8
        out[at++] = held >>> heldBits
      }
      held &= (1 << heldBits) - 1
    }
    held = (held << left) | (code & ((1 << left) - 1))
    heldBits += left
    while (heldBits >= 8) {
      heldBits -= 8
      out[at++] = held >>> heldBits
    }
    held &= (1 << heldBits) - 1
  }
  if (heldBits > 0) out[at++] = (held << (8 - heldBits)) | ((1 << (8 - heldBits)) - 1)
  return at
}
