import type { HeaderList } from '../../../wire/http1/headers.ts'
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
      return cookieValue(request.headers, hashOn.config.name)
    case 'sourceAddress':
      return request.peer.address
  }
}

/** RFC 6265 section 4.2.1; of several with this name the first. HTTP/2 may split the field (RFC 9113 section 8.2.3). */
export function cookieValue(headers: HeaderList, name: string): string | undefined {
  for (const field of headers.getAll('cookie'))
    for (const pair of field.split(';')) {
      const at = pair.indexOf('=')
      if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
    }
  return undefined
}
