import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DIGIT,
  DOT,
  ESCAPED,
  hex4,
  KIND_BY_FIRST,
  Kind,
  LOWER_E,
  LOWER_U,
  MINUS,
  OPEN_BRACE,
  PLAIN,
  PLUS,
  QUOTE,
  skipSpace,
  ZERO,
} from './bytes.ts'

/** A bit beside the kind in `kinds`: the key has a backslash in it. */
export const KEY_ESCAPED = 0x10
/** Cuts the kind out of `kinds`. */
export const KIND_BITS = 0x0f

const INITIAL_MEMBERS = 64
const NOTHING = new Uint8Array(0)

/**
 * Verifies one JSON object (RFC 8259) byte for byte and records where its top-level members are.
 *
 * It accepts what JSON.parse accepts as an object, with two differences: strings may hold bytes that are
 * not UTF-8 (they are kept, not judged), and values may be nested at most `maxDepth` deep.
 * The columns are reused from record to record, so a scan allocates nothing.
 */
export class ObjectScanner {
  /** What the columns point into. */
  bytes: Uint8Array = NOTHING
  /** The object's own bytes, braces included, without white space around it. */
  start = 0
  end = 0
  /** How many members the object has; duplicates count each. */
  count = 0
  /** A key's bytes as written, without its quotes. */
  keyStarts = new Uint32Array(INITIAL_MEMBERS)
  keyEnds = new Uint32Array(INITIAL_MEMBERS)
  /** A value's bytes as written; a string's with its quotes. */
  valueStarts = new Uint32Array(INITIAL_MEMBERS)
  valueEnds = new Uint32Array(INITIAL_MEMBERS)
  /** One of `Kind`, plus the bit `KEY_ESCAPED`. */
  kinds = new Uint8Array(INITIAL_MEMBERS)
  /** Of a refused text: where it went wrong, in `bytes`, and what was expected there. */
  errorAt = 0
  error = ''

  readonly #maxDepth: number
  #limit = 0

  constructor(maxDepth = 128) {
    this.#maxDepth = maxDepth
  }

  /** True when `bytes[start, end)` is one JSON object, with JSON white space around it at most. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.scanFirst(bytes, start, end)) return false
    let at = this.end
    if (at < end) at = skipSpace(bytes, at, end)
    return at === end || this.#refuse(at, 'the end of the line')
  }

  /** True when `bytes[start, end)` begins with one JSON object, with white space in front at most; whatever follows it. */
  scanFirst(bytes: Uint8Array, start: number, end: number): boolean {
    this.bytes = bytes
    this.#limit = end
    this.count = 0
    let at = start
    if (at < end && bytes[at] <= 0x20) at = skipSpace(bytes, at, end)
    if (at >= end || bytes[at] !== OPEN_BRACE) return this.#refuse(at, 'an object')
    this.start = at
    at = this.#members(bytes, at + 1, end)
    if (at < 0) return false
    this.end = at
    return true
  }

  /** From behind the opening brace to behind the closing one, or -1. */
  #members(bytes: Uint8Array, from: number, end: number): number {
    let at = from
    if (at < end && bytes[at] <= 0x20) at = skipSpace(bytes, at, end)
    if (at < end && bytes[at] === CLOSE_BRACE) return at + 1
    let count = 0
    for (;;) {
      if (at >= end || bytes[at] !== QUOTE) return this.#fail(at, 'a key in double quotes')
      const keyStart = ++at
      while (at < end && PLAIN[bytes[at]] === 1) at++
      let flags = 0
      if (at >= end || bytes[at] !== QUOTE) {
        at = this.#restOfString(bytes, at, end)
        if (at < 0) return -1
        flags = KEY_ESCAPED
      }
      const keyEnd = at++
      if (at < end && bytes[at] <= 0x20) at = skipSpace(bytes, at, end)
      if (at >= end || bytes[at] !== COLON) return this.#fail(at, '":" after a key')
      at++
      if (at < end && bytes[at] <= 0x20) at = skipSpace(bytes, at, end)
      const valueStart = at
      const first = at < end ? bytes[at] : 0
      let kind: number
      if (first === QUOTE) {
        kind = Kind.string
        at++
        while (at < end && PLAIN[bytes[at]] === 1) at++
        if (at >= end || bytes[at] !== QUOTE) {
          at = this.#restOfString(bytes, at, end)
          if (at < 0) return -1
        }
        at++
      } else {
        kind = KIND_BY_FIRST[first]
        at = this.#value(bytes, at, end, first, 1)
        if (at < 0) return -1
      }
      if (count === this.kinds.length) this.grow()
      this.keyStarts[count] = keyStart
      this.keyEnds[count] = keyEnd
      this.valueStarts[count] = valueStart
      this.valueEnds[count] = at
      this.kinds[count] = kind | flags
      count++
      if (at < end && bytes[at] <= 0x20) at = skipSpace(bytes, at, end)
      const next = at < end ? bytes[at] : 0
      if (next === COMMA) {
        at++
        if (at < end && bytes[at] <= 0x20) at = skipSpace(bytes, at, end)
        continue
      }
      if (next !== CLOSE_BRACE) return this.#fail(at, '"," or "}" after a member')
      this.count = count
      return at + 1
    }
  }

  /** Behind the value that begins at `at` with the byte `first`, or -1. `depth` counts the containers around it. */
  #value(bytes: Uint8Array, at: number, end: number, first: number, depth: number): number {
    switch (KIND_BY_FIRST[first]) {
      case Kind.string: {
        const close = this.#restOfString(bytes, at + 1, end)
        return close < 0 ? -1 : close + 1
      }
      case Kind.number:
        return this.#number(bytes, at, end)
      case Kind.object:
        if (depth >= this.#maxDepth) return this.#fail(at, `at most ${this.#maxDepth} levels of nesting`)
        return this.#nestedObject(bytes, at + 1, end, depth + 1)
      case Kind.array:
        if (depth >= this.#maxDepth) return this.#fail(at, `at most ${this.#maxDepth} levels of nesting`)
        return this.#nestedArray(bytes, at + 1, end, depth + 1)
      case Kind.true:
        if (end - at >= 4 && bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65)
          return at + 4
        break
      case Kind.null:
        if (end - at >= 4 && bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c)
          return at + 4
        break
      case Kind.false:
        if (
          end - at >= 5 &&
          bytes[at + 1] === 0x61 &&
          bytes[at + 2] === 0x6c &&
          bytes[at + 3] === 0x73 &&
          bytes[at + 4] === 0x65
        ) {
          return at + 5
        }
        break
    }
    return this.#fail(at, 'a value')
  }

  #nestedObject(bytes: Uint8Array, from: number, end: number, depth: number): number {
    let at = skipSpace(bytes, from, end)
    if (at < end && bytes[at] === CLOSE_BRACE) return at + 1
    for (;;) {
      if (at >= end || bytes[at] !== QUOTE) return this.#fail(at, 'a key in double quotes')
      at = this.#restOfString(bytes, at + 1, end)
      if (at < 0) return -1
      at = skipSpace(bytes, at + 1, end)
      if (at >= end || bytes[at] !== COLON) return this.#fail(at, '":" after a key')
      at = skipSpace(bytes, at + 1, end)
      at = this.#value(bytes, at, end, at < end ? bytes[at] : 0, depth)
      if (at < 0) return -1
      at = skipSpace(bytes, at, end)
      const next = at < end ? bytes[at] : 0
      if (next === CLOSE_BRACE) return at + 1
      if (next !== COMMA) return this.#fail(at, '"," or "}" after a member')
      at = skipSpace(bytes, at + 1, end)
    }
  }

  #nestedArray(bytes: Uint8Array, from: number, end: number, depth: number): number {
    let at = skipSpace(bytes, from, end)
    if (at < end && bytes[at] === CLOSE_BRACKET) return at + 1
    for (;;) {
      at = this.#value(bytes, at, end, at < end ? bytes[at] : 0, depth)
      if (at < 0) return -1
      at = skipSpace(bytes, at, end)
      const next = at < end ? bytes[at] : 0
      if (next === CLOSE_BRACKET) return at + 1
      if (next !== COMMA) return this.#fail(at, '"," or "]" after a value')
      at = skipSpace(bytes, at + 1, end)
    }
  }

  /** The position of the closing quote, or -1; `from` is anywhere behind the opening one, not inside an escape. */
  #restOfString(bytes: Uint8Array, from: number, end: number): number {
    let at = from
    for (;;) {
      while (at < end && PLAIN[bytes[at]] === 1) at++
      if (at >= end) return this.#fail(end, 'a closing quote')
      const byte = bytes[at]
      if (byte === QUOTE) return at
      if (byte !== BACKSLASH) return this.#fail(at, 'no bare control character in a string')
      const escaped = at + 1 < end ? bytes[at + 1] : 0
      if (escaped === LOWER_U) {
        if (end - at < 6 || hex4(bytes, at + 2) < 0)
          return this.#fail(at, 'four hexadecimal digits after \\u')
        at += 6
      } else if (ESCAPED[escaped] !== 0) {
        at += 2
      } else {
        return this.#fail(at, 'one of "\\/bfnrtu after a backslash')
      }
    }
  }

  #number(bytes: Uint8Array, from: number, end: number): number {
    let at = from
    if (bytes[at] === MINUS) at++
    const lead = at
    while (at < end && DIGIT[bytes[at]] === 1) at++
    if (at === lead) return this.#fail(at, 'a digit')
    if (at - lead > 1 && bytes[lead] === ZERO) return this.#fail(lead, 'no leading zero')
    if (at < end && bytes[at] === DOT) {
      const fraction = ++at
      while (at < end && DIGIT[bytes[at]] === 1) at++
      if (at === fraction) return this.#fail(at, 'a digit')
    }
    if (at < end && (bytes[at] | 0x20) === LOWER_E) {
      at++
      if (at < end && (bytes[at] === PLUS || bytes[at] === MINUS)) at++
      const exponent = at
      while (at < end && DIGIT[bytes[at]] === 1) at++
      if (at === exponent) return this.#fail(at, 'a digit')
    }
    return at
  }

  /** Doubles the columns. */
  protected grow(): void {
    const size = this.kinds.length * 2
    this.keyStarts = grown(this.keyStarts, size)
    this.keyEnds = grown(this.keyEnds, size)
    this.valueStarts = grown(this.valueStarts, size)
    this.valueEnds = grown(this.valueEnds, size)
    const kinds = new Uint8Array(size)
    kinds.set(this.kinds)
    this.kinds = kinds
  }

  #refuse(at: number, expected: string): false {
    this.#fail(at, expected)
    return false
  }

  #fail(at: number, expected: string): -1 {
    this.count = 0
    this.errorAt = Math.min(at, this.#limit)
    this.error = expected
    return -1
  }
}

function grown(column: Uint32Array<ArrayBuffer>, size: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(size)
  larger.set(column)
  return larger
}
