import { ChunkedDecoder, type TrailerLimits } from './chunked.ts'
import { Http1Error } from './error.ts'
import type { Framing } from './framing.ts'
import type { HeaderList } from './headers.ts'

/** Finds the data and the end of one body in the bytes of a connection. Data are slices of what is given, no copies. */
export interface BodyDecoder {
  /**
   * Reads from `from`, hands out the data, and returns the index after the body, or -1 when the body goes on.
   * Throws Http1Error.
   */
  decode(bytes: Buffer, from: number, data: (slice: Buffer) => void): number
  /** The connection has ended; throws Http1Error when the body is not complete. */
  end(): void
  /** Data bytes that are still to come; Infinity when nobody knows. */
  remainingBytes(): number
  readonly trailers: HeaderList | undefined
}

/** The decoder for a body; undefined for `none`. */
export function createBodyDecoder(framing: Framing, limits: TrailerLimits): BodyDecoder | undefined {
  switch (framing.kind) {
    case 'none':
      return undefined
    case 'length':
      return new LengthDecoder(framing.length)
    case 'chunked':
      return new ChunkedDecoder(limits)
    case 'until_close':
      return UNTIL_CLOSE
  }
}

class LengthDecoder implements BodyDecoder {
  #left: number
  readonly trailers = undefined

  constructor(length: number) {
    this.#left = length
  }

  decode(bytes: Buffer, from: number, data: (slice: Buffer) => void): number {
    const end = Math.min(bytes.length, from + this.#left)
    if (end > from) data(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end))
    this.#left -= end - from
    return this.#left === 0 ? end : -1
  }

  end(): void {
    if (this.#left > 0) throw new Http1Error('body_cut_short')
  }

  remainingBytes(): number {
    return this.#left
  }
}

const UNTIL_CLOSE: BodyDecoder = {
  decode(bytes, from, data) {
    if (bytes.length > from) data(from === 0 ? bytes : bytes.subarray(from))
    return -1
  },
  end() {},
  remainingBytes: () => Number.POSITIVE_INFINITY,
  trailers: undefined,
}
