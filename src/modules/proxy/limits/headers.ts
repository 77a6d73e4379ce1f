/** What a caller has left of one limit. */
export interface Quota {
  readonly limit: string
  readonly burst: number
  /** In which an empty bucket fills. */
  readonly windowSeconds: number
  readonly remaining: number
  /** Until the whole burst is there again. */
  readonly resetSeconds: number
}

export type HeaderStyle = 'all' | 'fields' | 'structured' | 'none'

/**
 * Name, value, name, value … The three fields are those of draft-ietf-httpapi-ratelimit-headers up to version 06,
 * the structured ones those of version 10. The limit is the burst: it is what may come at once.
 */
export function rateLimitHeaders(style: HeaderStyle, quota: Quota): string[] {
  const { limit, burst, windowSeconds, remaining, resetSeconds } = quota
  const headers: string[] = []
  if (style === 'all' || style === 'fields')
    headers.push(
      ...['RateLimit-Limit', String(burst)],
      ...['RateLimit-Remaining', String(remaining)],
      ...['RateLimit-Reset', String(resetSeconds)],
    )
  if (style === 'all' || style === 'structured')
    headers.push(
      ...['RateLimit-Policy', `"${limit}";q=${burst};w=${windowSeconds}`],
      ...['RateLimit', `"${limit}";r=${remaining};t=${resetSeconds}`],
    )
  return headers
}
