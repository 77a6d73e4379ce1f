import type { Found } from './frames.ts'
import { JsonFraming, LineFraming } from './frames.ts'
import { Refused } from './refused.ts'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20

/** Each line of each datagram. */
export function splitLines(bytes: Buffer, ends: readonly number[], maxBytes: number): Found {
  return perDatagram(bytes, ends, part => new LineFraming(maxBytes).find(part, true))
}

/** Each JSON object of each datagram; one that holds something else goes as a whole to the format, which says so. */
export function splitJsonObjects(bytes: Buffer, ends: readonly number[], maxBytes: number): Found {
  return perDatagram(bytes, ends, part => {
    try {
      return new JsonFraming(maxBytes).find(part, true)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return whole(part)
    }
  })
}

/** Each datagram is one message, without the line ends and NULs behind it; on one line when `oneLine`. */
export function splitMessages(bytes: Buffer, ends: readonly number[], oneLine: boolean): Found {
  if (oneLine) spread(bytes)
  return perDatagram(bytes, ends, whole)
}

function whole(part: Buffer): Found {
  let end = part.length
  while (end > 0 && isEnd(part[end - 1])) end--
  const count = end > 0 ? 1 : 0
  return { count, starts: Uint32Array.of(0), ends: Uint32Array.of(end), next: part.length }
}

function isEnd(byte: number): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === SPACE || byte === 0
}

function spread(bytes: Buffer): void {
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at)) bytes[at] = SPACE
}

function perDatagram(bytes: Buffer, ends: readonly number[], find: (part: Buffer) => Found): Found {
  const starts: number[] = []
  const stops: number[] = []
  const pieces: number[] = []
  let from = 0
  for (const end of ends) {
    const found = find(bytes.subarray(from, end))
    for (let i = 0; i < found.count; i++) {
      starts.push(from + found.starts[i])
      stops.push(from + found.ends[i])
      pieces.push(found.pieces?.[i] ?? 0)
    }
    from = end
  }
  return {
    count: starts.length,
    starts: Uint32Array.from(starts),
    ends: Uint32Array.from(stops),
    ...(pieces.includes(1) ? { pieces: Uint8Array.from(pieces) } : {}),
    next: from,
  }
}
