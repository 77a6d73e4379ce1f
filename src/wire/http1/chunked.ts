import type { BodyDecoder } from './body.ts'
import { Http1Error, type Http1Reason } from './error.ts'
import { parseFields } from './fields.ts'
import { HeaderList } from './headers.ts'

/** RFC 9112 section 7.1.1, without the white space that it tolerates. */
const EXTENSIONS =
  /^(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)+$/
/** Extensions carry nothing for us; a peer may not make us read them for ever (CVE-2023-39326). */
const MAX_EXTENSION_BYTES = 1024
const MAX_EXTENSION_BYTES_PER_BODY = 16 * 1024
const MAX_SIZE_DIGITS = 16

/** Fields that steer framing, routing, credentials or the reading of the body have no say after it (RFC 9110 6.5.1). */
const FORBIDDEN_TRAILERS = new Set(
  (
    'host trailer te connection keep-alive upgrade ' +
    'proxy-connection expect max-forwards authorization proxy-authorization proxy-authenticate www-authenticate ' +
    'cookie set-cookie content-type content-encoding content-range range cache-control age date expires location ' +
    'retry-after vary warning pragma if-match if-none-match if-modified-since if-unmodified-since if-range'
  ).split(' '),
)

const FRAMING = /^(?:content[-_]length|transfer[-_]encoding)$/i

/** Whether a trailer field of this name is dropped. */
export function isForbiddenTrailer(name: string): boolean {
  return FORBIDDEN_TRAILERS.has(name.toLowerCase())
}

export interface TrailerLimits {
  readonly maxHeadBytes: number
  readonly maxHeaders: number
}

const SIZE = 0
const EXTENSION = 1
const SIZE_LF = 2
const DATA = 3
const DATA_CR = 4
const DATA_LF = 5
const TRAILER = 6
const DONE = 7

/** Reads a chunked body (RFC 9112 section 7.1), strictly: CR LF everywhere, plain hexadecimal sizes, no white space. */
export class ChunkedDecoder implements BodyDecoder {
  readonly #limits: TrailerLimits
  #state = SIZE
  #digits = 0
  #size = 0
  #extension = ''
  #extensionBytes = 0
  #trailer = ''
  trailers: HeaderList | undefined

  constructor(limits: TrailerLimits) {
    this.#limits = limits
  }

  decode(bytes: Buffer, from: number, data: (slice: Buffer) => void): number {
    let at = from
    while (at < bytes.length) {
      if (this.#state === DATA) {
        const end = Math.min(bytes.length, at + this.#size)
        data(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
        this.#size -= end - at
        at = end
        if (this.#size === 0) this.#state = DATA_CR
        continue
      }
      this.#step(bytes[at++]!)
      if (this.#state === DONE) return at
    }
    return -1
  }

  remainingBytes(): number {
    return this.#state === DONE ? 0 : Number.POSITIVE_INFINITY
  }

  end(): void {
    if (this.#state !== DONE) throw new Http1Error('body_cut_short')
  }

  #step(byte: number): void {
    switch (this.#state) {
      case SIZE:
        this.#sizeByte(byte)
        return
      case EXTENSION:
        this.#extensionByte(byte)
        return
      case SIZE_LF:
        expect(byte === 0x0a, 'bad_chunk_size')
        this.#digits = 0
        this.#state = this.#size === 0 ? TRAILER : DATA
        return
      case DATA_CR:
        expect(byte === 0x0d, 'bad_chunk_end')
        this.#state = DATA_LF
        return
      case DATA_LF:
        expect(byte === 0x0a, 'bad_chunk_end')
        this.#state = SIZE
        return
      case TRAILER:
        this.#trailerByte(byte)
        return
    }
  }

  #sizeByte(byte: number): void {
    const digit = hexDigit(byte)
    if (digit !== -1) {
      this.#size = this.#size * 16 + digit
      expect(++this.#digits <= MAX_SIZE_DIGITS && Number.isSafeInteger(this.#size), 'bad_chunk_size')
      return
    }
    expect(this.#digits > 0, 'bad_chunk_size')
    if (byte === 0x0d) {
      this.#state = SIZE_LF
      return
    }
    expect(byte === 0x3b, 'bad_chunk_size')
    this.#extension = ';'
    this.#state = EXTENSION
  }

  #extensionByte(byte: number): void {
    if (byte === 0x0d) {
      expect(EXTENSIONS.test(this.#extension), 'bad_chunk_extension')
      this.#extension = ''
      this.#state = SIZE_LF
      return
    }
    this.#extension += String.fromCharCode(byte)
    this.#extensionBytes++
    const tooLong =
      this.#extension.length > MAX_EXTENSION_BYTES || this.#extensionBytes > MAX_EXTENSION_BYTES_PER_BODY
    expect(!tooLong, 'chunk_extension_too_long')
    expect(byte >= 0x20 || byte === 0x09, 'bad_chunk_extension')
  }

  #trailerByte(byte: number): void {
    const last = this.#trailer.charCodeAt(this.#trailer.length - 1)
    expect((last === 0x0d) === (byte === 0x0a), 'bad_trailer')
    this.#trailer += String.fromCharCode(byte)
    expect(this.#trailer.length <= this.#limits.maxHeadBytes, 'trailer_too_large')
    if (byte === 0x0a && (this.#trailer.length === 2 || this.#trailer.endsWith('\r\n\r\n'))) this.#finish()
  }

  #finish(): void {
    this.#state = DONE
    if (this.#trailer.length === 2) return
    const kept = new HeaderList()
    for (const [name, value] of parseFields(this.#trailer.slice(0, -2), 0, this.#limits.maxHeaders)) {
      // Framing after the fact has no honest use.
      expect(!FRAMING.test(name), 'bad_trailer')
      if (!isForbiddenTrailer(name)) kept.append(name, value)
    }
    this.#trailer = ''
    if (kept.size > 0) this.trailers = kept
  }
}

function expect(condition: boolean, reason: Http1Reason): void {
  if (!condition) throw new Http1Error(reason)
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
