import type { RequestView } from '../request.ts'
import type { HashOn } from './config.ts'
import { hashText } from './hash.ts'

/** What `wish.hash` is for a request; undefined when the request lacks what the cluster goes by. */
export function requestHash(hashOn: HashOn, request: RequestView): number | undefined {
  const text = hashedText(hashOn, request)
  return text === undefined ? undefined : hashText(text)
}

function hashedText(hashOn: HashOn, request: RequestView): string | undefined {
  switch (hashOn.kind) {
    case 'header':
      return request.headers.get(hashOn.config.name)
    case 'cookie':
      return cookie(request.headers.get('cookie'), hashOn.config.name)
    case 'sourceAddress':
      return request.peer.address
  }
}

/** RFC 6265 section 4.2.1. */
function cookie(field: string | undefined, name: string): string | undefined {
  for (const pair of field?.split(';') ?? []) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}
