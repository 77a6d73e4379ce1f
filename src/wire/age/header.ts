import { AgeError } from './error.ts'

/** One way to the key of a file: `-> X25519 …` and its body. */
export interface Stanza {
  readonly type: string
  readonly args: readonly string[]
  readonly body: Uint8Array
}

export interface AgeHeader {
  readonly stanzas: readonly Stanza[]
  readonly mac: Uint8Array
  /** Of the file, up to and with the `---` in front of the MAC. */
  readonly signedBytes: number
  /** Where the payload begins. */
  readonly endBytes: number
}

const VERSION = 'age-encryption.org/v1'
/** Larger ones are somebody's attempt to keep us busy. */
const MAX_HEADER_BYTES = 256 * 1024
const MAX_STANZAS = 1024
const LINE = 64

/** The header of a file that is not armored (C2SP, age v1, "Header"). Throws an AgeError. */
export function parseHeader(file: Uint8Array): AgeHeader {
  const lines = new Lines(file)
  const version = lines.next()
  if (version !== VERSION)
    throw new AgeError(
      version.startsWith('age-encryption.org/') ? 'unknown_version' : 'foreign',
      version.startsWith('age-encryption.org/') ? 'it is of a later version of age' : 'it is no file of age',
    )
  const stanzas: Stanza[] = []
  for (;;) {
    const before = lines.offset
    const line = lines.next()
    if (line.startsWith('---')) {
      const mac = /^--- (\S+)$/.exec(line)
      const bytes = mac === null ? undefined : decodeBase64(mac[1]!)
      if (bytes?.length !== 32 || stanzas.length === 0) throw malformed()
      return { stanzas, mac: bytes, signedBytes: before + 3, endBytes: lines.offset }
    }
    if (stanzas.length === MAX_STANZAS) throw malformed()
    stanzas.push(readStanza(line, lines))
  }
}

/** Base64 without padding, and nothing but the one way to write it; undefined for everything else. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*$/.test(text) || text.length % 4 === 1) return undefined
  const bytes = atob(text)
  return btoa(bytes).replace(/=+$/, '') === text
    ? Uint8Array.from(bytes, char => char.charCodeAt(0))
    : undefined
}

function readStanza(first: string, lines: Lines): Stanza {
  if (!/^->(?: [\x21-\x7e]+)+$/.test(first)) throw malformed()
  const [type = '', ...args] = first.slice(3).split(' ')
  let text = ''
  for (;;) {
    const line = lines.next()
    if (line.length > LINE) throw malformed()
    text += line
    if (line.length < LINE) break
  }
  const body = decodeBase64(text)
  if (body === undefined) throw malformed()
  return { type, args, body }
}

class Lines {
  readonly #file: Uint8Array
  offset = 0

  constructor(file: Uint8Array) {
    this.#file = file
  }

  next(): string {
    const end = this.#file.indexOf(10, this.offset)
    if (end < 0 || end > MAX_HEADER_BYTES)
      throw this.offset === 0 ? new AgeError('foreign', 'it is no file of age') : malformed()
    const bytes = this.#file.subarray(this.offset, end)
    this.offset = end + 1
    let line = ''
    for (const byte of bytes) line += String.fromCharCode(byte)
    return line
  }
}

function malformed(): AgeError {
  return new AgeError('damaged', 'its header is damaged')
}
