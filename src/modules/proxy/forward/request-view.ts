import type { ServerRequest } from '../../../http/server/request.ts'
import type { Peer, RequestView } from '../request.ts'
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
  const port = colon === -1 ? 0 : portOf(authority, colon + 1)
  return {
    method: head.method,
    path,
    search: head.search,
    host: plainHost(colon === -1 ? authority : authority.slice(0, colon)),
    port: port === 0 ? listenerPort : port,
    headers: head.headers,
    serverName: request.tls?.sni,
    peer: peerOf(request),
  }
}

/** The digits from `at`; an authority has been checked when it was read. */
function portOf(authority: string, at: number): number {
  let port = 0
  for (let digit = at; digit < authority.length; digit++)
    port = port * 10 + authority.charCodeAt(digit) - 0x30
  return port
}

/** In lower case, without the dot that ends a full name. */
function plainHost(host: string): string {
  const full = host.charCodeAt(host.length - 1) === 0x2e
  return (full ? host.slice(0, -1) : host).toLowerCase()
}

/** Who sends it, by its address and what it has proved. */
export function peerOf({ remoteAddress, tls }: ServerRequest): Peer {
  const identity = tls?.identity
  return identity === undefined ? { address: remoteAddress } : { address: remoteAddress, identity }
}
