/** What a client says in the clear at the start of a TLS connection. */
export interface ClientHello {
  /** The server name (RFC 6066 section 3), lower case; undefined when it names none. */
  readonly serverName: string | undefined
  /** The protocols offered by ALPN (RFC 7301), as sent. */
  readonly alpn: readonly string[]
}

/** A ClientHello that is larger than this is none: browsers send 2 KB with post-quantum keys. */
export const MAX_CLIENT_HELLO_BYTES = 16 * 1024

const HANDSHAKE_RECORD = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const ALPN = 16
const HOST_NAME = 0
/** A host name as RFC 6066 wants it: no address, no dot at the end. */
const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*$/

/**
 * Reads the ClientHello (RFC 8446 section 4.1.2) at the start of a connection, also one that is spread over several
 * records. `more`: it is not complete yet; `broken`: these bytes are none. Reads every length strictly, for a reader
 * that guesses could see another name than the server does.
 */
export function readClientHello(bytes: Uint8Array): ClientHello | 'more' | 'broken' {
  const message = joinRecords(bytes)
  return typeof message === 'string' ? message : readMessage(message)
}

function joinRecords(bytes: Uint8Array): Uint8Array | 'more' | 'broken' {
  const parts: Uint8Array[] = []
  let joined = 0
  let wanted = Number.POSITIVE_INFINITY
  let at = 0
  while (joined < wanted) {
    if (at < bytes.length && bytes[at] !== HANDSHAKE_RECORD) return 'broken'
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return 'broken'
    if (at + 5 > bytes.length) return 'more'
    const length = (bytes[at + 3]! << 8) | bytes[at + 4]!
    if (length === 0 || length > MAX_CLIENT_HELLO_BYTES) return 'broken'
    const part = bytes.subarray(at + 5, at + 5 + length)
    parts.push(part)
    joined += part.length
    if (wanted === Number.POSITIVE_INFINITY) {
      const head = firstBytes(parts, 4)
      if (head !== undefined) {
        wanted = 4 + ((head[1]! << 16) | (head[2]! << 8) | head[3]!)
        if (head[0] !== CLIENT_HELLO || wanted > MAX_CLIENT_HELLO_BYTES) return 'broken'
      }
    }
    if (part.length < length && joined < wanted) return 'more'
    at += 5 + length
  }
  return firstBytes(parts, wanted)!
}

function firstBytes(parts: readonly Uint8Array[], count: number): Uint8Array | undefined {
  const first = parts[0]!
  if (first.length >= count) return first.subarray(0, count)
  const all = new Uint8Array(count)
  let at = 0
  for (const part of parts) {
    const slice = part.subarray(0, count - at)
    all.set(slice, at)
    at += slice.length
  }
  return at < count ? undefined : all
}

/** Reads fields one behind the other; false of `ok` once something does not fit. */
class Reader {
  ok = true
  at: number
  readonly end: number
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  get done(): boolean {
    return !this.ok || this.at >= this.end
  }

  number(size: 1 | 2): number {
    let value = 0
    for (let left = size; left > 0; left--) value = value * 256 + (this.bytes[this.at++] ?? 0)
    if (this.at > this.end) this.ok = false
    return value
  }

  skip(count: number): void {
    this.at += count
    if (this.at > this.end) this.ok = false
  }

  /** What a length of `size` bytes announces. */
  vector(size: 1 | 2): Reader {
    const length = this.number(size)
    const inner = new Reader(this.bytes, this.at, this.at + length)
    this.skip(length)
    if (!this.ok) inner.ok = false
    return inner
  }

  text(): string {
    return String.fromCharCode(...this.bytes.subarray(this.at, this.end))
  }
}

function readMessage(message: Uint8Array): ClientHello | 'broken' {
  const reader = new Reader(message, 4, message.length)
  // Version and random.
  reader.skip(2 + 32)
  const session = reader.vector(1)
  const suites = reader.vector(2)
  const compressions = reader.vector(1)
  if (!reader.ok || session.end - session.at > 32) return 'broken'
  if (suites.end === suites.at || (suites.end - suites.at) % 2 === 1 || compressions.end === compressions.at)
    return 'broken'
  // Before TLS 1.2 there need not be extensions.
  if (reader.done) return { serverName: undefined, alpn: [] }
  const extensions = reader.vector(2)
  if (!reader.ok || reader.at !== reader.end) return 'broken'
  return readExtensions(extensions)
}

function readExtensions(extensions: Reader): ClientHello | 'broken' {
  const seen = new Set<number>()
  let serverName: string | undefined
  let alpn: readonly string[] = []
  while (!extensions.done) {
    const type = extensions.number(2)
    const body = extensions.vector(2)
    if (!extensions.ok || seen.has(type)) return 'broken'
    seen.add(type)
    if (type === SERVER_NAME) {
      serverName = readServerName(body)
      if (serverName === undefined) return 'broken'
    } else if (type === ALPN) {
      const protocols = readProtocols(body)
      if (protocols === undefined) return 'broken'
      alpn = protocols
    }
  }
  return extensions.ok ? { serverName, alpn } : 'broken'
}

/** Exactly one host name: more than one of a kind is forbidden, and there is no other kind. */
function readServerName(body: Reader): string | undefined {
  const list = body.vector(2)
  const kind = list.number(1)
  const name = list.vector(2)
  if (!list.ok || list.at !== list.end || body.at !== body.end || kind !== HOST_NAME) return undefined
  const text = name.text().toLowerCase()
  return NAME.test(text) ? text : undefined
}

function readProtocols(body: Reader): readonly string[] | undefined {
  const list = body.vector(2)
  const protocols: string[] = []
  while (!list.done) {
    const protocol = list.vector(1)
    if (protocol.end === protocol.at) return undefined
    protocols.push(protocol.text())
  }
  return list.ok && body.at === body.end && protocols.length > 0 ? protocols : undefined
}
