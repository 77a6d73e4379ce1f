import type { ServerRequest } from '../../../http/server/request.ts'
import type { RequestView } from '../request.ts'
import { type EncodedSlashes, normalisePath } from './path.ts'

/** The request in the one form that everything behind this sees; undefined when it may not be forwarded. */
export function requestView(
  request: ServerRequest,
  listenerPort: number,
  slashes: EncodedSlashes,
): RequestView | undefined {
  const { head } = request
  const path = normalisePath(head.path, slashes)
  if (path === undefined) return undefined
  const { authority } = head
  const colon = authority.charCodeAt(authority.length - 1) === 0x5d ? -1 : authority.lastIndexOf(':')
  const port = colon === -1 ? 0 : Number(authority.slice(colon + 1))
  return {
    method: head.method,
    path,
    search: head.search,
    host: (colon === -1 ? authority : authority.slice(0, colon)).toLowerCase().replace(/\.$/, ''),
    port: port === 0 ? listenerPort : port,
    headers: head.headers,
    peer: { address: request.remoteAddress },
  }
}
