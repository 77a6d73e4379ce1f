import type { RequestView } from '../../request.ts'
import type { Filter } from '../route.ts'
import { changePath } from './path-change.ts'

/** What a redirect is made from. `scheme` and `listenerPort` are those that the request came by. */
export interface RedirectCall {
  readonly request: Pick<RequestView, 'host' | 'path' | 'search'>
  readonly prefix: string
  readonly scheme: 'http' | 'https'
  readonly listenerPort: number
}

/** The Location of a redirect (HTTPRequestRedirectFilter of the Gateway API). The query stays. */
export function redirectLocation(
  { scheme, host, port, path }: Filter & { kind: 'redirect' },
  { request, prefix, scheme: ownScheme, listenerPort }: RedirectCall,
): string {
  const newScheme = scheme ?? ownScheme
  const usual = newScheme === 'https' ? 443 : 80
  // A new scheme without a port means the port that is usual for it.
  const newPort = port ?? (scheme === undefined ? listenerPort : usual)
  const newPath = path === undefined ? request.path : changePath(request.path, prefix, path)
  const name = host ?? request.host
  const authority = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name
  const suffix = newPort === usual ? '' : `:${newPort}`
  const query = request.search === '' ? '' : `?${request.search}`
  return `${newScheme}://${authority}${suffix}${newPath}${query}`
}
