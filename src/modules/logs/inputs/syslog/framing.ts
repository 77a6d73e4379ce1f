import type { Found, Framing } from '../network/frames.ts'
import { LineFraming } from '../network/frames.ts'
import { Refused } from '../network/refused.ts'

const ZERO = 0x30
const NINE = 0x39
const SPACE = 0x20
/** A length has no more digits than this. */
const MAX_DIGITS = 9

/**
 * How messages of one stream are told apart (RFC 6587): by a length in front when the stream begins with a digit, else by
 * line ends; a message that begins with its priority never begins with a digit.
 */
export class SyslogFraming implements Framing {
  readonly #maxBytes: number
  #chosen: Framing | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  find(bytes: Buffer, final: boolean): Found {
    if (bytes.length > 0) {
      this.#chosen ??= isDigit(bytes[0]) ? new OctetFraming(this.#maxBytes) : new LineFraming(this.#maxBytes)
    }
    return (
      this.#chosen?.find(bytes, final) ?? {
        count: 0,
        starts: new Uint32Array(0),
        ends: new Uint32Array(0),
        next: 0,
      }
    )
  }
}

class OctetFraming implements Framing {
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  find(bytes: Buffer, final: boolean): Found {
    const starts: number[] = []
    const ends: number[] = []
    let at = 0
    for (;;) {
      // Some senders end a message with a line feed that they have not counted.
      while (at < bytes.length && (bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0)) at++
      let digits = 0
      let size = 0
      while (isDigit(bytes[at + digits]) && digits <= MAX_DIGITS)
        size = size * 10 + bytes[at + digits++] - ZERO
      if (at + digits >= bytes.length && digits <= MAX_DIGITS) break
      if (digits === 0 || digits > MAX_DIGITS || bytes[at + digits] !== SPACE)
        throw new Refused('malformed', 'expected the length of a message and a blank')
      if (size > this.#maxBytes)
        throw new Refused(
          'too_large',
          `a message of ${size} bytes is larger than ${this.#maxBytes} (maxMessage)`,
        )
      const start = at + digits + 1
      if (start + size > bytes.length) break
      if (size > 0) {
        starts.push(start)
        ends.push(start + size)
      }
      at = start + size
    }
    if (final && at < bytes.length) throw new Refused('malformed', 'the connection ended within a message')
    return { count: starts.length, starts: Uint32Array.from(starts), ends: Uint32Array.from(ends), next: at }
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}
