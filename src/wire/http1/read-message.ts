import { createBodyDecoder } from './body.ts'
import { Http1Error } from './error.ts'
import { parseRequestHead, parseResponseHead, type RequestHead, type ResponseHead } from './head.ts'
import { HeadAssembler } from './head-assembler.ts'
import { DEFAULT_HEAD_LIMITS } from './limits.ts'

/** What became of a message's bytes. */
export type Reading =
  | { readonly verdict: 'refused'; readonly reason: string; readonly status: number }
  | { readonly verdict: 'incomplete'; readonly head: boolean }
  | {
      readonly verdict: 'read'
      readonly head: RequestHead | ResponseHead
      readonly body: string
      readonly trailers: readonly string[]
      readonly restBytes: number
    }

/** Reads one message out of chunks as a connection does: the reference of the tests. */
export function readMessage(
  chunks: readonly Buffer[],
  kind: 'request' | 'response',
  method = 'GET',
): Reading {
  try {
    return read(chunks, kind, method)
  } catch (error) {
    if (!(error instanceof Http1Error)) throw error
    return { verdict: 'refused', reason: error.reason, status: error.status }
  }
}

function read(chunks: readonly Buffer[], kind: 'request' | 'response', method: string): Reading {
  const limits = DEFAULT_HEAD_LIMITS
  const assembler = new HeadAssembler(kind, limits)
  const parse = (text: string): RequestHead | ResponseHead =>
    kind === 'request' ? parseRequestHead(text, limits) : parseResponseHead(text, method, limits)
  let head: RequestHead | ResponseHead | undefined
  let decoder: ReturnType<typeof createBodyDecoder>
  let body = ''
  let done = false
  let restBytes = 0
  for (const chunk of chunks) {
    let at = 0
    if (head === undefined) {
      head = assembler.take(chunk, 0, parse)
      if (head === undefined) continue
      at = assembler.next
      decoder = createBodyDecoder(head.framing, limits)
      done = decoder === undefined
    }
    if (!done) {
      const next = decoder!.decode(chunk, at, slice => {
        body += slice.toString('latin1')
      })
      done = next !== -1
      at = done ? next : chunk.length
    }
    restBytes += chunk.length - at
  }
  if (head === undefined) return { verdict: 'incomplete', head: false }
  if (!done && head.framing.kind !== 'until_close') return { verdict: 'incomplete', head: true }
  return { verdict: 'read', head, body, trailers: decoder?.trailers?.raw ?? [], restBytes }
}
