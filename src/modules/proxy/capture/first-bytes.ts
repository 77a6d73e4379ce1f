import { readClientHello } from '../../../wire/tls/client-hello.ts'

/** What a connection speaks, by its first bytes. `http`: version 1 or 2, which the HTTP server tells apart itself. */
export type Spoken =
  | { readonly kind: 'http' }
  | { readonly kind: 'tls'; readonly serverName: string | undefined }
  /** Nothing that is known. */
  | { readonly kind: 'other' }

/** What a client of TLS asks for. */
export function serverNameOf(spoken: Spoken): string | undefined {
  return spoken.kind === 'tls' ? spoken.serverName : undefined
}

/** More is not looked at: a request line is shorter, or not one that is served. */
export const MAX_FIRST_BYTES = 16 * 1024

const METHOD_BYTES = 20
const SPACE = 0x20
const LINE_END = 0x0a
const REQUEST_LINE = /^[A-Z][A-Z0-9_-]{0,19} \S+ HTTP\/[0-9]\.[0-9]\r?$/
const OTHER: Spoken = { kind: 'other' }

/** `more`: what has come so far may still become one of several. */
export function spokenBy(bytes: Buffer): Spoken | 'more' {
  if (bytes.length === 0) return 'more'
  if (bytes[0] === 22) return byHello(bytes)
  return byRequestLine(bytes)
}

function byHello(bytes: Buffer): Spoken | 'more' {
  const hello = readClientHello(bytes)
  if (hello === 'broken') return OTHER
  if (hello === 'more') return bytes.length < MAX_FIRST_BYTES ? 'more' : OTHER
  return { kind: 'tls', serverName: hello.serverName }
}

/** A whole request line, or the preface of HTTP/2, which looks like one; `GET key` of other protocols is none. */
function byRequestLine(bytes: Buffer): Spoken | 'more' {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === SPACE && at > 0) break
    const isName = (byte >= 0x41 && byte <= 0x5a) || (at > 0 && (byte === 0x2d || byte === 0x5f))
    if (!isName || at >= METHOD_BYTES) return OTHER
  }
  const end = bytes.indexOf(LINE_END)
  if (end === -1) return bytes.length < MAX_FIRST_BYTES ? 'more' : OTHER
  return REQUEST_LINE.test(bytes.toString('latin1', 0, end)) ? { kind: 'http' } : OTHER
}
