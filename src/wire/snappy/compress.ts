/**
 * The block format of Snappy (google/snappy, format_description.txt): the length as a varint, then literals and copies.
 * Each 64 KiB of the input are compressed by themselves, as the reference does, so that offsets fit two bytes and the
 * work can be cut there.
 */
const BLOCK_BYTES = 65_536
const HASH_BITS = 14
/** The last bytes of a block are always a literal: reads of four bytes stay inside. */
const MARGIN_BYTES = 15

/** What compressed bytes take at most. */
export function maxSnappyBytes(bytes: number): number {
  return 32 + bytes + Math.ceil(bytes / 6)
}

/** Compresses in steps of one block, a fraction of a millisecond each; the last one gives the result. */
export function* snappyInSteps(input: Buffer): Generator<void, Buffer> {
  const output = Buffer.allocUnsafeSlow(maxSnappyBytes(input.length))
  const table = new Uint16Array(1 << HASH_BITS)
  let at = writeLength(output, input.length)
  for (let start = 0; start < input.length; start += BLOCK_BYTES) {
    if (start > 0) yield
    at = compressBlock(input, start, Math.min(input.length, start + BLOCK_BYTES), output, at, table)
  }
  return output.subarray(0, at)
}

/** Compresses at once. */
export function snappy(input: Buffer): Buffer {
  const steps = snappyInSteps(input)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

function writeLength(output: Uint8Array, length: number): number {
  let at = 0
  let left = length
  while (left > 0x7f) {
    output[at++] = (left & 0x7f) | 0x80
    left >>>= 7
  }
  output[at++] = left
  return at
}

/** Appends what `input[start, end)` compresses to, and gives the position behind it. */
function compressBlock(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  to: number,
  table: Uint16Array,
): number {
  let emitted = start
  let out = to
  if (end - start > MARGIN_BYTES) {
    table.fill(0)
    const limit = end - MARGIN_BYTES
    // What does not compress is looked at ever more rarely.
    let skip = 32
    for (let at = start + 1; at < limit; ) {
      const word = wordAt(input, at)
      const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS)
      const candidate = start + table[slot]
      table[slot] = at - start
      if (wordAt(input, candidate) !== word) {
        at += skip++ >> 5
        continue
      }
      skip = 32
      out = writeLiteral(input, emitted, at, output, out)
      let behind = at + 4
      for (let from = candidate + 4; behind < end && input[from] === input[behind]; from++) behind++
      out = writeCopy(output, out, at - candidate, behind - at)
      emitted = at = behind
      if (at < limit)
        table[Math.imul(wordAt(input, at - 1), 0x1e35a7bd) >>> (32 - HASH_BITS)] = at - 1 - start
    }
  }
  return writeLiteral(input, emitted, end, output, out)
}

function wordAt(input: Uint8Array, at: number): number {
  return input[at] | (input[at + 1] << 8) | (input[at + 2] << 16) | (input[at + 3] << 24)
}

function writeLiteral(input: Uint8Array, from: number, end: number, output: Uint8Array, to: number): number {
  const size = end - from
  if (size === 0) return to
  let out = to
  const last = size - 1
  if (last < 60) output[out++] = last << 2
  else if (last < 256) {
    output[out++] = 60 << 2
    output[out++] = last
  } else {
    output[out++] = 61 << 2
    output[out++] = last & 0xff
    output[out++] = last >>> 8
  }
  if (size < 32) for (let at = from; at < end; ) output[out++] = input[at++]
  else {
    output.set(input.subarray(from, end), out)
    out += size
  }
  return out
}

function writeCopy(output: Uint8Array, to: number, offset: number, length: number): number {
  let out = to
  let left = length
  // A copy of up to 64 bytes; what is left over is never below 4, which a short copy needs.
  while (left >= 68) {
    out = writeLongCopy(output, out, offset, 64)
    left -= 64
  }
  if (left > 64) {
    out = writeLongCopy(output, out, offset, 60)
    left -= 60
  }
  if (left < 12 && offset < 2048) {
    output[out++] = 1 | ((left - 4) << 2) | ((offset >>> 8) << 5)
    output[out++] = offset & 0xff
    return out
  }
  return writeLongCopy(output, out, offset, left)
}

function writeLongCopy(output: Uint8Array, to: number, offset: number, length: number): number {
  output[to] = 2 | ((length - 1) << 2)
  output[to + 1] = offset & 0xff
  output[to + 2] = offset >>> 8
  return to + 3
}
