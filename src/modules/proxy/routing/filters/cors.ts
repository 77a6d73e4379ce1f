import { HeaderList } from '../../../../wire/http1/headers.ts'
import type { RequestView } from '../../request.ts'
import type { Filter } from '../route.ts'

type Cors = Filter & { readonly kind: 'cors' }

/**
 * The header of the answer (204) to a preflight request, or undefined when the request is none (Fetch, 4.9.3). An origin,
 * a method or a field that is not allowed gets an answer that does not name it, which the browser takes for a no.
 */
export function preflightHeaders(cors: Cors, request: RequestView): HeaderList | undefined {
  const { headers } = request
  const method = headers.get('access-control-request-method')
  const origin = headers.get('origin')
  if (request.method !== 'OPTIONS' || method === undefined || origin === undefined) return undefined
  const answer = new HeaderList(['vary', VARY])
  if (!originAllowed(cors, origin)) return answer
  permitOrigin(answer, cors, origin)
  const methods = allowed(cors.methods, cors.credentials, method)
  if (methods !== '') answer.append('access-control-allow-methods', methods)
  const asked = headers.combined('access-control-request-headers') ?? ''
  const fields = allowed(cors.headers, cors.credentials, asked)
  if (fields !== '') answer.append('access-control-allow-headers', fields)
  answer.append('access-control-max-age', String(cors.maxAgeSeconds))
  return answer
}

/** Puts the permission of an origin into the header of an answer; what the backend says of CORS is replaced. */
export function addCorsHeaders(cors: Cors, origin: string | undefined, answer: HeaderList): void {
  for (const name of FROM_BACKEND) answer.delete(name)
  answer.append('vary', 'origin')
  if (origin === undefined || !originAllowed(cors, origin)) return
  permitOrigin(answer, cors, origin)
  const expose = cors.expose.join(', ')
  if (expose !== '') answer.append('access-control-expose-headers', expose)
}

const VARY = 'origin, access-control-request-method, access-control-request-headers'
const FROM_BACKEND = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
]

function permitOrigin(answer: HeaderList, cors: Cors, origin: string): void {
  const any = cors.origins.includes('*') && !cors.credentials
  answer.append('access-control-allow-origin', any ? '*' : origin)
  if (cors.credentials) answer.append('access-control-allow-credentials', 'true')
}

/** A `*` in place of a host's first labels stands for any: `https://*.example.com`. */
export function originAllowed({ origins }: Cors, origin: string): boolean {
  return origins.some(pattern => {
    if (pattern === '*' || pattern === origin) return true
    const star = pattern.indexOf('*')
    if (star === -1) return false
    const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)]
    const middle = origin.slice(before.length, origin.length - after.length)
    return (
      origin.length > before.length + after.length &&
      origin.startsWith(before) &&
      origin.endsWith(after) &&
      /^[a-z0-9.-]+$/i.test(middle)
    )
  })
}

/** `*` does not stand for all where credentials are allowed, so there what is asked for is named. */
function allowed(list: readonly string[], credentials: boolean, asked: string): string {
  if (!list.includes('*')) return list.join(', ')
  return credentials ? asked : '*'
}
