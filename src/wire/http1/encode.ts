import { HeaderInjectionError, TOKEN } from './field-line.ts'
import type { HeaderList } from './headers.ts'
import { statusText } from './status.ts'

export { HeaderInjectionError }

const TARGET = /^[\x21-\x7e]+$/

/**
 * A request head as latin1 text, with its empty line. Throws HeaderInjectionError for anything that is not a token,
 * a visible target or a clean value; characters above U+00FF are refused, for latin1 would fold them into control bytes.
 */
export function encodeRequestHead(method: string, target: string, headers: HeaderList): string {
  if (method !== 'GET' && !TOKEN.test(method))
    throw new HeaderInjectionError(`the method ${JSON.stringify(method)} is not a token`)
  if (!TARGET.test(target))
    throw new HeaderInjectionError(
      `the request target ${JSON.stringify(target)} has spaces or characters outside ASCII; percent-encode them`,
    )
  return `${method} ${target} HTTP/1.1\r\n${headers.allLines()}\r\n`
}

/** A response head as latin1 text, with its empty line. Throws as encodeRequestHead does. */
export function encodeResponseHead(status: number, headers: HeaderList): string {
  return `${statusLine(status)}${headers.allLines()}\r\n`
}

function statusLine(status: number): string {
  if (!Number.isInteger(status) || status < 100 || status > 999)
    throw new HeaderInjectionError(`the status ${String(status)} is not a number from 100 to 999`)
  return `HTTP/1.1 ${status} ${statusText(status)}\r\n`
}

/** What stands before the data of a chunk; CHUNK_END stands after it. An empty chunk would end the body. */
export function chunkStart(bytes: number): string {
  if (bytes === 0) throw new RangeError('an empty chunk ends the body')
  return `${bytes.toString(16)}\r\n`
}

export const CHUNK_END = '\r\n'

/** The end of a chunked body. */
export function lastChunk(trailers?: HeaderList): string {
  return trailers === undefined ? '0\r\n\r\n' : `0\r\n${trailers.allLines()}\r\n`
}
