/**
 * SHA-256 (FIPS 180-4) of a text's UTF-8 bytes, as 64 hexadecimal digits. For names and fingerprints at start-up:
 * the runtime's own hash is faster for large inputs, but costs a small process several megabytes of memory.
 */
export function sha256(text: string): string {
  const words = padded(new TextEncoder().encode(text))
  const state = new Uint32Array(INITIAL)
  const schedule = new Uint32Array(64)
  for (let block = 0; block < words.length; block += 16) {
    expand(words, block, schedule)
    compress(state, schedule)
  }
  return Array.from(state, word => word.toString(16).padStart(8, '0')).join('')
}

/** The message as big-endian words: a 1 bit, zeros, and its length in bits at the end of the last block. */
function padded(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array((((bytes.length + 8) >> 6) + 1) * 16)
  for (let i = 0; i < bytes.length; i++) words[i >> 2] |= bytes[i] << (24 - (i & 3) * 8)
  words[bytes.length >> 2] |= 0x80 << (24 - (bytes.length & 3) * 8)
  words[words.length - 2] = Math.floor(bytes.length / 0x20000000)
  words[words.length - 1] = bytes.length << 3
  return words
}

function expand(words: Uint32Array, block: number, schedule: Uint32Array): void {
  for (let i = 0; i < 16; i++) schedule[i] = words[block + i]
  for (let i = 16; i < 64; i++) {
    const a = schedule[i - 15]
    const b = schedule[i - 2]
    const s0 = right(a, 7) ^ right(a, 18) ^ (a >>> 3)
    const s1 = right(b, 17) ^ right(b, 19) ^ (b >>> 10)
    schedule[i] = schedule[i - 16] + s0 + schedule[i - 7] + s1
  }
}

function compress(state: Uint32Array, schedule: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = state
  for (let i = 0; i < 64; i++) {
    const s1 = right(e, 6) ^ right(e, 11) ^ right(e, 25)
    const first = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i] + schedule[i]) | 0
    const s0 = right(a, 2) ^ right(a, 13) ^ right(a, 22)
    const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + second) | 0
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] += word
}

const right = (word: number, bits: number) => (word >>> bits) | (word << (32 - bits))

const INITIAL = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]

/** The first 32 bits of the fractions of the cube roots of the first 64 primes. */
const ROUND = new Uint32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
])
