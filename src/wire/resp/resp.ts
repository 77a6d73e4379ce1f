/** An answer of a Redis server (RESP 2). */
export type Reply = string | number | null | ReplyError | readonly Reply[]

/** The server's word for what went wrong, such as `NOSCRIPT No matching script`. */
export class ReplyError {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** The server sent something that is not RESP, or more of it than is taken. */
export class RespProtocolError extends Error {
  override readonly name = 'RespProtocolError'
}

const MAX_DEPTH = 8
const MAX_ITEMS = 10_000
const MAX_TEXT = 1 << 20

/** A command as an array of bulk strings, as latin1 text: give what is not ASCII as such. */
export function encodeCommand(parts: readonly string[]): string {
  let text = `*${parts.length}\r\n`
  for (const part of parts) text += `$${part.length}\r\n${part}\r\n`
  return text
}

/** Makes replies of the bytes that come. Throws RespProtocolError; then the connection is of no more use. */
export class ReplyReader {
  #text = ''
  #at = 0

  /** The replies that are whole now. `text` is latin1. */
  push(text: string): Reply[] {
    this.#text = this.#text.slice(this.#at) + text
    this.#at = 0
    const replies: Reply[] = []
    for (;;) {
      const from = this.#at
      const reply = this.#reply(0)
      if (reply === undefined) {
        this.#at = from
        if (this.#text.length - from > MAX_TEXT + 64) throw new RespProtocolError('a reply is too long')
        return replies
      }
      replies.push(reply)
    }
  }

  /** Undefined while it is not whole. */
  #reply(depth: number): Reply | undefined {
    const end = this.#text.indexOf('\r\n', this.#at)
    if (end === -1) return undefined
    const line = this.#text.slice(this.#at + 1, end)
    const kind = this.#text[this.#at]
    this.#at = end + 2
    switch (kind) {
      case '+':
        return line
      case '-':
        return new ReplyError(line)
      case ':':
        return whole(line)
      case '$':
        return this.#bulk(whole(line))
      case '*':
        return this.#list(whole(line), depth)
      default:
        throw new RespProtocolError('the server does not speak RESP')
    }
  }

  #bulk(length: number): string | null | undefined {
    if (length === -1) return null
    if (length < 0 || length > MAX_TEXT) throw new RespProtocolError(`a text of ${length} bytes`)
    const end = this.#at + length
    if (this.#text.length < end + 2) return undefined
    if (!this.#text.startsWith('\r\n', end)) throw new RespProtocolError('a text without its end')
    const text = this.#text.slice(this.#at, end)
    this.#at = end + 2
    return text
  }

  #list(length: number, depth: number): readonly Reply[] | null | undefined {
    if (length === -1) return null
    if (length < 0 || length > MAX_ITEMS || depth >= MAX_DEPTH)
      throw new RespProtocolError(`a list of ${length} items, ${depth} deep`)
    const items: Reply[] = []
    while (items.length < length) {
      const item = this.#reply(depth + 1)
      if (item === undefined) return undefined
      items.push(item)
    }
    return items
  }
}

function whole(line: string): number {
  if (!/^-?\d{1,15}$/.test(line)) throw new RespProtocolError(`"${line.slice(0, 20)}" is no number`)
  return Number(line)
}
