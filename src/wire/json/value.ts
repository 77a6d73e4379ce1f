import { BACKSLASH, DIGIT, Kind, MINUS, ZERO } from './bytes.ts'

/** One value of a verified JSON text, where it stands. A string's span includes its quotes. */
export class ValueSpan {
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  /** One of `Kind`. */
  kind: number = Kind.none

  /** Moves it; gives itself back. */
  at(bytes: Buffer, start: number, end: number, kind: number): this {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.kind = kind
    return this
  }

  /** A string's text, unescaped; bytes that are not UTF-8 become U+FFFD. */
  text(encoding?: 'latin1'): string {
    return readString(this.bytes, this.start, this.end, encoding)
  }

  /** A string's text, any other value as it is written. */
  asText(encoding?: 'latin1'): string {
    return this.kind === Kind.string
      ? this.text(encoding)
      : this.bytes.toString(encoding, this.start, this.end)
  }

  /** A number's value. */
  number(): number {
    return readNumber(this.bytes, this.start, this.end)
  }
}

/** The text of the string whose quotes are at `start` and `end - 1`; its bytes are UTF-8 unless told otherwise. */
export function readString(bytes: Buffer, start: number, end: number, encoding?: 'latin1'): string {
  return hasEscape(bytes, start, end)
    ? (JSON.parse(bytes.toString(encoding, start, end)) as string)
    : bytes.toString(encoding, start + 1, end - 1)
}

export function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true
  return false
}

/** The value of a JSON number; integers of up to 15 digits, the usual case, without a string in between. */
export function readNumber(bytes: Buffer, start: number, end: number): number {
  const negative = bytes[start] === MINUS
  const lead = negative ? start + 1 : start
  if (end - lead > 15) return Number(bytes.toString('latin1', start, end))
  let value = 0
  for (let at = lead; at < end; at++) {
    if (DIGIT[bytes[at]] === 0) return Number(bytes.toString('latin1', start, end))
    value = value * 10 + bytes[at] - ZERO
  }
  return negative ? -value : value
}
