import { websocketAccept } from '../../../http/websocket.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'

/**
 * What is wrong with a backend's agreement to another protocol: one that was not asked for (RFC 9110 section 7.8), or
 * a WebSocket for another key than ours, which a client of HTTP/2 cannot see for itself.
 */
export function switchProblem(asked: HeaderList, agreed: HeaderList, checksKey: boolean): string | undefined {
  const protocol = agreed.get('upgrade')?.toLowerCase()
  if (protocol === undefined || !asked.lists('upgrade', protocol))
    return 'the backend switches to a protocol that was not asked for'
  if (
    checksKey &&
    agreed.get('sec-websocket-accept') !== websocketAccept(asked.get('sec-websocket-key') ?? '')
  )
    return 'the backend agrees to another WebSocket than the one that was asked for'
  return undefined
}
