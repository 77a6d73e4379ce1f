import { HeaderList } from '../../wire/http1/headers.ts'
import type { Http2RequestHead } from '../../wire/http2/message.ts'
import { websocketKey } from '../websocket.ts'

/**
 * An extended CONNECT for a WebSocket (RFC 8441 section 5) as the same request of HTTP/1.1, so that routes, rules and
 * backends need not know two forms of one thing. Its body is not the request's: it is the tunnel's.
 */
export function websocketRequest(head: Http2RequestHead): Http2RequestHead {
  const raw: string[] = []
  for (const [name, value] of head.headers) if (name !== 'sec-websocket-key') raw.push(name, value)
  raw.push('connection', 'upgrade', 'upgrade', 'websocket', 'sec-websocket-key', websocketKey())
  return {
    ...head,
    method: 'GET',
    framing: { kind: 'none' },
    headers: new HeaderList(raw),
    expectsContinue: false,
    upgrade: true,
  }
}
