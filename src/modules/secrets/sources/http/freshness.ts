const LEAST_MS = 1000
const MOST_MS = 24 * 60 * 60 * 1000

/**
 * How long an answer is fresh (RFC 9111, section 4.2.1: `max-age`, then `Expires`), from a second to a day; undefined
 * where it does not say so, or asks not to be kept.
 */
export function freshForMs(header: (name: string) => string | undefined, nowMs: number): number | undefined {
  const control = header('cache-control') ?? ''
  if (/(?:^|[\s,])no-(?:store|cache)(?:$|[\s,=])/i.test(control)) return undefined
  const maxAge = /(?:^|[\s,])max-age="?(\d{1,10})/i.exec(control)?.[1]
  // `0` and the like are no dates, and mean: stale already (section 5.3).
  const expires = /^[A-Z][a-z]{2}/.test(header('expires') ?? '') ? header('expires') : undefined
  const date = Date.parse(header('date') ?? '')
  const ms =
    maxAge === undefined
      ? Date.parse(expires ?? '') - (Number.isNaN(date) ? nowMs : date)
      : (Number(maxAge) - ageIn(header('age'))) * 1000
  if (!(ms > 0)) return undefined
  return Math.min(Math.max(ms, LEAST_MS), MOST_MS)
}

function ageIn(text: string | undefined): number {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : 0
}
