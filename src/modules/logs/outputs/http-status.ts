import type { FailedOutcome } from './output.ts'

/** What an answer's status means for the records of its request. */
export type StatusVerdict =
  | 'done'
  /** Too much to do, or broken for now: the same again later. */
  | 'busy'
  | 'too_large'
  /** The peer refuses us, whatever the records: credentials, address, method. */
  | 'refused'
  /** The peer refuses what is in the request. */
  | 'rejected'

/** The reading of RFC 9110 that most services share; `rejects` are statuses that speak of the records (400 and 422 unless given). */
export function judgeStatus(status: number, rejects: readonly number[] = [400, 422]): StatusVerdict {
  if (status >= 200 && status < 300) return 'done'
  if (status === 413) return 'too_large'
  if (rejects.includes(status)) return 'rejected'
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'busy'
  return 'refused'
}

export interface StatusContext {
  /** `logs.outputs[0].loki.url` */
  readonly urlKey: string
  /** What to do when credentials are refused: `check logs.outputs[0].loki.auth.bearer`. */
  readonly mendAuth: string
  /** From Retry-After. */
  readonly afterMs?: number | undefined
  readonly rejects?: readonly number[]
}

/** What came of one request. */
export type RequestOutcome =
  | { readonly kind: 'done' }
  | FailedOutcome
  | { readonly kind: 'too_large'; readonly reason: string }
  | { readonly kind: 'rejected'; readonly reason: string }

/** The outcome for a whole request, in words for people. */
export function outcomeOf(status: number, said: string, context: StatusContext): RequestOutcome {
  const { afterMs, rejects } = context
  const reason = said === '' ? `the server answered ${status}` : `the server answered ${status}: ${said}`
  const verdict = judgeStatus(status, rejects)
  switch (verdict) {
    case 'done':
      return { kind: 'done' }
    case 'too_large':
      return { kind: 'too_large', reason }
    case 'rejected':
      return { kind: 'rejected', reason }
    case 'busy':
      return { kind: 'failed', reason, ...(afterMs === undefined ? {} : { afterMs }) }
    case 'refused':
      return { kind: 'failed', refused: true, reason: `${reason}; ${mend(status, context)}` }
  }
}

function mend(status: number, { urlKey, mendAuth }: StatusContext): string {
  if (status === 401 || status === 403 || status === 407) return mendAuth
  if (status >= 300 && status < 400) return `the server points elsewhere: write that address as ${urlKey}`
  return `check ${urlKey}, its path too`
}

/** The beginning of an answer, on one line. */
export function excerpt(body: Buffer, maxBytes = 300): string {
  return body.toString('utf8', 0, maxBytes).replace(/\s+/g, ' ').trim()
}
