import type { ServerRequest } from '../http/server/request.ts'

const MAX_TOKEN_LENGTH = 16 * 1024

/** Of `Authorization: Bearer TOKEN` (RFC 6750 section 2.1); undefined where there is none, or one that is none. */
export function bearerToken(request: ServerRequest): string | undefined {
  const value = request.headers.get('authorization')
  if (value === undefined || value.length > MAX_TOKEN_LENGTH) return undefined
  return /^Bearer +(\S+)$/i.exec(value)?.[1]
}
