/** The bytes of JSON's grammar (RFC 8259), and the tables that the scanners look them up in. */

export const QUOTE = 0x22
export const BACKSLASH = 0x5c
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
export const OPEN_BRACKET = 0x5b
export const CLOSE_BRACKET = 0x5d
export const COLON = 0x3a
export const COMMA = 0x2c
export const MINUS = 0x2d
export const PLUS = 0x2b
export const DOT = 0x2e
export const ZERO = 0x30
export const LOWER_E = 0x65
export const LOWER_U = 0x75

/** What a value is. `none` marks a member that was removed. */
export const Kind = {
  none: 0,
  string: 1,
  number: 2,
  true: 3,
  false: 4,
  null: 5,
  object: 6,
  array: 7,
} as const

/** 1 for the bytes that stand in a string as they are: all but the quote, the backslash and control characters. */
export const PLAIN = table(byte => (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0))

export const DIGIT = table(byte => (byte >= ZERO && byte <= 0x39 ? 1 : 0))

/** The kind of the value that begins with this byte; 0 when none does. */
export const KIND_BY_FIRST = table(byte => {
  if (DIGIT[byte] === 1 || byte === MINUS) return Kind.number
  if (byte === QUOTE) return Kind.string
  if (byte === 0x74) return Kind.true
  if (byte === 0x66) return Kind.false
  if (byte === 0x6e) return Kind.null
  if (byte === OPEN_BRACE) return Kind.object
  return byte === OPEN_BRACKET ? Kind.array : Kind.none
})

/** What the letter behind a backslash stands for; 0 for letters that may not stand there, and for `u`. */
export const ESCAPED = table(byte => {
  const at = '"\\/bfnrt'.indexOf(String.fromCharCode(byte))
  return at < 0 ? 0 : '"\\/\b\f\n\r\t'.charCodeAt(at)
})

/** The position of the first byte that is not JSON white space. */
export function skipSpace(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09))
    at++
  return at
}

/** The number that four hexadecimal digits stand for, or -1. */
export function hex4(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let i = at; i < at + 4; i++) {
    const byte = bytes[i]
    const lower = byte | 0x20
    if (byte >= ZERO && byte <= 0x39) value = value * 16 + byte - ZERO
    else if (lower >= 0x61 && lower <= 0x66) value = value * 16 + lower - 0x57
    else return -1
  }
  return value
}

function table(of: (byte: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => of(byte))
}
