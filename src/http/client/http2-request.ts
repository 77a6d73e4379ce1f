import { parseFields } from '../../wire/http1/fields.ts'
import { HeaderList } from '../../wire/http1/headers.ts'
import { websocketAccept } from '../websocket.ts'
import type { PreparedRequest } from './request.ts'

export interface Http2Request {
  /** :method, GET … */
  readonly pseudo: readonly string[]
  readonly fields: HeaderList
}

/** Whether it asks for a WebSocket, the one protocol to switch to that HTTP/2 has (RFC 8441). */
export function asksForWebSocket({ switches, head }: PreparedRequest): boolean {
  return switches && /\r\nupgrade:[ \t]*websocket[ \t]*\r\n/i.test(head)
}

/** The same request as an extended CONNECT: without a key, which HTTP/2 has no use for. */
export function http2WebSocket(prepared: PreparedRequest, secure: boolean): Http2Request {
  const { pseudo, fields } = http2Request(prepared, secure)
  fields.delete('sec-websocket-key')
  return { pseudo: [':method', 'CONNECT', ':protocol', 'websocket', ...pseudo.slice(2)], fields }
}

/** What a server that agrees would have said in HTTP/1.1. */
export function agreedFields(prepared: PreparedRequest, headers: HeaderList): HeaderList {
  const key = /\r\nsec-websocket-key:[ \t]*([^\r\t ]*)/i.exec(prepared.head)?.[1] ?? ''
  const accept = [
    'upgrade',
    'websocket',
    'connection',
    'upgrade',
    'sec-websocket-accept',
    websocketAccept(key),
  ]
  return new HeaderList([...headers.raw, ...accept])
}

/** A request that was made ready for HTTP/1.1, as HTTP/2 says it (RFC 9113 section 8.3.1). */
export function http2Request(prepared: PreparedRequest, secure: boolean): Http2Request {
  const { head, method } = prepared
  const lineEnd = head.indexOf('\r\n')
  const target = head.slice(method.length + 1, head.lastIndexOf(' ', lineEnd))
  const given = prepared.fields ?? parseFields(head.slice(0, -2), lineEnd + 2, Number.POSITIVE_INFINITY)
  const fields = new HeaderList()
  let authority = ''
  for (let at = 0; at < given.size; at++) {
    if (given.steeringAt(at) === 'host') authority = given.valueAt(at)
    else fields.add(given.nameAt(at), given.valueAt(at))
  }
  const pseudo = [':method', method, ':scheme', secure ? 'https' : 'http', ':authority', authority]
  return { pseudo: [...pseudo, ':path', target], fields }
}
