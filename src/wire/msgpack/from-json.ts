import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
} from '../json/bytes.ts'
import type { ByteWriter } from '../json/writer.ts'
import type { MsgpackWriter } from './writer.ts'

const BACKSLASH = 0x5c
const SIXTY_FOUR_BITS = 0xffffffffffffffffn
/** Those of 64 bits, with a sign. */
const MAX_DIGITS = 20
const LOWEST = -0x8000000000000000n

/**
 * Appends a verified JSON text as MessagePack; the bytes of texts stay as they are, but for what was escaped. Integers stay
 * exact up to 64 bits. Gives where the text ends.
 */
export function writeFromJson(bytes: Buffer, start: number, end: number, to: MsgpackWriter): number {
  const at = skipSpace(bytes, start, end)
  switch (bytes[at]) {
    case OPEN_BRACE:
      return writeItems(bytes, at + 1, end, to, true)
    case OPEN_BRACKET:
      return writeItems(bytes, at + 1, end, to, false)
    case QUOTE:
      return writeText(bytes, at, to)
    case 0x74:
      to.boolean(true)
      return at + 4
    case 0x66:
      to.boolean(false)
      return at + 5
    case 0x6e:
      to.nil()
      return at + 4
    default:
      return writeNumber(bytes, at, end, to)
  }
}

/** How many there are is known at the end: the head is one byte, and what follows moves when it must be larger. */
function writeItems(bytes: Buffer, from: number, end: number, to: MsgpackWriter, isMap: boolean): number {
  const { out } = to
  const head = out.length
  out.byte(0)
  let count = 0
  let at = skipSpace(bytes, from, end)
  const close = isMap ? CLOSE_BRACE : CLOSE_BRACKET
  while (bytes[at] !== close) {
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1, end)
    if (isMap) at = skipSpace(bytes, writeText(bytes, at, to), end) + 1
    at = skipSpace(bytes, writeFromJson(bytes, at, end, to), end)
    count++
  }
  writeHead(out, head, count, isMap)
  return at + 1
}

function writeHead(out: ByteWriter, head: number, count: number, isMap: boolean): void {
  if (count < 16) {
    out.bytes[head] = (isMap ? 0x80 : 0x90) | count
    return
  }
  const size = count < 0x10000 ? 2 : 4
  out.reserve(size)
  out.bytes.copyWithin(head + 1 + size, head + 1, out.length)
  out.length += size
  out.bytes[head] = (isMap ? 0xde : 0xdc) + (size === 2 ? 0 : 1)
  out.bytes.writeUIntBE(count, head + 1, size)
}

function writeText(bytes: Buffer, at: number, to: MsgpackWriter): number {
  let end = at + 1
  let escaped = false
  while (bytes[end] !== QUOTE) {
    if (bytes[end] === BACKSLASH) {
      escaped = true
      end++
    }
    end++
  }
  if (!escaped) to.textHead(end - at - 1).raw(bytes, at + 1, end)
  else to.text(JSON.parse(bytes.toString('utf8', at, end + 1)) as string)
  return end + 1
}

function writeNumber(bytes: Buffer, at: number, end: number, to: MsgpackWriter): number {
  let next = at
  let isInteger = true
  for (; next < end; next++) {
    const byte = bytes[next]
    if (byte === 0x2e || byte === 0x65 || byte === 0x45) isInteger = false
    else if (byte !== 0x2d && byte !== 0x2b && (byte < 0x30 || byte > 0x39)) break
  }
  const text = bytes.toString('latin1', at, next)
  const value = Number(text)
  if (isInteger && next - at <= MAX_DIGITS && !Number.isSafeInteger(value)) {
    const big = BigInt(text)
    if (big <= SIXTY_FOUR_BITS && big >= LOWEST) {
      to.big(big)
      return next
    }
  }
  to.number(value)
  return next
}
