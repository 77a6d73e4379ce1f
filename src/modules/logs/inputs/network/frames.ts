import { LineSplitter } from '../split.ts'
import { Refused } from './refused.ts'

/** Messages that were found in bytes. */
export interface Found {
  readonly count: number
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly pieces?: Uint8Array
  /** When each happened, where messages say so; NaN where one does not. */
  readonly timesMs?: Float64Array
  /** Index of the first byte that belongs to none of them. */
  readonly next: number
}

/** How a stream is cut into messages. One instance serves one stream; it may throw Refused for bytes that make no sense. */
export interface Framing {
  /** `final`: nothing will follow. */
  find(bytes: Buffer, final: boolean): Found
}

/** One message a line, or up to any other separator; one that is too long comes in pieces. */
export class LineFraming implements Framing {
  readonly #splitter: LineSplitter
  #midLine = false

  constructor(maxBytes: number, separator?: string) {
    this.#splitter = new LineSplitter(maxBytes, 'split', separator)
  }

  find(bytes: Buffer, final: boolean): Found {
    const { midLine, ...found } = this.#splitter.split({ bytes, from: 0, midLine: this.#midLine, final })
    this.#midLine = midLine
    return found
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
/** What may stand between two objects: white space, a comma, a NUL. */
const BETWEEN = new Set([SPACE, 0x09, LINE_FEED, CARRIAGE_RETURN, 0x2c, 0])

/**
 * JSON objects one after the other, with or without something between them, each of them on as many lines as it likes.
 * It looks only for where they end; what they are worth is told by the format.
 */
export class JsonFraming implements Framing {
  readonly #maxBytes: number
  /** How far the object was looked at that the bytes begin with. */
  #seen = 0
  readonly #within: WithinJson = { depth: 0, inString: false }

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  find(bytes: Buffer, final: boolean): Found {
    const starts: number[] = []
    const ends: number[] = []
    let at = this.#seen
    let start = 0
    for (;;) {
      if (this.#within.depth === 0) {
        while (at < bytes.length && BETWEEN.has(bytes[at])) at++
        start = at
        if (at === bytes.length) break
        // What came before it is good.
        if (bytes[at] !== OPEN_BRACE && starts.length > 0 && !final) break
        if (bytes[at] !== OPEN_BRACE)
          throw new Refused(
            'malformed',
            `expected a JSON object, got ${JSON.stringify(String.fromCharCode(bytes[at]))}`,
          )
      }
      at = endOfJson(bytes, at, this.#within)
      if (at - start > this.#maxBytes)
        throw new Refused('too_large', `a message is larger than ${this.#maxBytes} bytes (maxMessage)`)
      if (this.#within.depth > 0) break
      starts.push(start)
      ends.push(at)
    }
    if (final && this.#within.depth > 0)
      throw new Refused('malformed', 'the stream ended within a JSON object')
    this.#seen = at - start
    return {
      count: starts.length,
      starts: Uint32Array.from(starts),
      ends: Uint32Array.from(ends),
      next: start,
    }
  }
}

/** Where in a JSON value a text has come to. */
export interface WithinJson {
  depth: number
  inString: boolean
}

/** Behind the object or list that begins or goes on at `from`, or where the bytes end within it: `depth` tells. */
export function endOfJson(bytes: Buffer, from: number, within: WithinJson): number {
  let at = from
  let { depth, inString } = within
  do {
    const byte = bytes[at]
    if (inString) {
      if (byte === BACKSLASH) {
        // What is escaped may be in the next chunk.
        if (at + 1 >= bytes.length) break
        at++
      } else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
    // A record is one line; within a text a raw line end would be no JSON anyway.
    else if (byte === LINE_FEED || byte === CARRIAGE_RETURN) bytes[at] = SPACE
    at++
  } while (depth > 0 && at < bytes.length)
  within.depth = depth
  within.inString = inString
  return at
}
