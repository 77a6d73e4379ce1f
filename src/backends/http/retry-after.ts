const longestMs = 10 * 60_000

/** A Retry-After header (RFC 9110, section 10.2.3: seconds or a date) in milliseconds from now, at most ten minutes. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined
  const text = value.trim()
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  if (Number.isNaN(waitMs)) return undefined
  return Math.min(Math.max(0, waitMs), longestMs)
}
