import { endOfJson, type Found, type Framing } from '../network/frames.ts'

const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const LINE_FEED = 0x0a
/** `[1475898286.5, ` before an object: its time in seconds. */
const TIME = /^\[\s*(-?\d+(?:\.\d+)?)\s*,\s*(?=\{)/
/** So much of a text may be the beginning of a time. */
const MAX_TIME_BYTES = 64

/**
 * JSON objects as people and scripts write them to a pipe: one behind the other with or without something between them,
 * each perhaps with its time, `[1475898286, {"a":1}]`. What is neither is a message up to the end of its line, so that
 * the format tells of it and all that follows is read.
 */
export class StdinJsonFraming implements Framing {
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  find(bytes: Buffer, final: boolean): Found {
    const found: { start: number; end: number; timeMs: number }[] = []
    let at = 0
    for (at = behindBetween(bytes, at); at < bytes.length; at = behindBetween(bytes, at)) {
      const seconds = bytes[at] === OPEN_BRACKET ? TIME.exec(headOf(bytes, at)) : null
      const start = at + (seconds?.[0].length ?? 0)
      const end = bytes[start] === OPEN_BRACE ? endOfObject(bytes, start) : -1
      if (end >= 0) {
        found.push({ start, end, timeMs: seconds === null ? Number.NaN : Number(seconds[1]) * 1000 })
        at = end
        continue
      }
      const feed = bytes.indexOf(LINE_FEED, at)
      // An object may go on over lines, and its line ends are blanks by now; another text ends with its line.
      const isOpen = bytes[start] === OPEN_BRACE || feed < 0
      if (isOpen && !final && bytes.length - at <= this.#maxBytes) break
      const textEnd = feed < 0 ? bytes.length : feed
      found.push({ start: at, end: textEnd, timeMs: Number.NaN })
      at = textEnd
    }
    return {
      count: found.length,
      starts: Uint32Array.from(found, each => each.start),
      ends: Uint32Array.from(found, each => each.end),
      timesMs: Float64Array.from(found, each => each.timeMs),
      next: at,
    }
  }
}

/** -1 where it does not end in these bytes. */
function endOfObject(bytes: Buffer, start: number): number {
  const within = { depth: 0, inString: false }
  const end = endOfJson(bytes, start, within)
  return within.depth === 0 ? end : -1
}

function headOf(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + MAX_TIME_BYTES)
}

/** White space, commas, NULs and the brackets that close a time's pair. */
function behindBetween(bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.length && (bytes[at] <= 0x20 || bytes[at] === 0x2c || bytes[at] === CLOSE_BRACKET)) at++
  return at
}
