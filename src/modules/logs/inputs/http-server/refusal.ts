import type { Answer } from './answer.ts'

/** Why requests and connections are refused: the label of the metric. */
export type RefusalReason =
  | 'connections'
  | 'bad_http'
  | 'not_found'
  | 'method'
  | 'web_page'
  | 'unauthorized'
  | 'content_type'
  | 'encoding'
  | 'too_large'
  | 'too_slow'
  | 'malformed'
  | 'not_supported'
  | 'busy'

/** A request that is not taken. Each protocol says so in words of its own. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly reason: RefusalReason
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** What the protocol says instead of what follows from status and message. */
  readonly answer: Answer | undefined
  /** Which record of the request is at fault, from 0. */
  readonly record: number | undefined

  constructor(
    reason: RefusalReason,
    status: number,
    message: string,
    more: {
      readonly headers?: Readonly<Record<string, string>>
      readonly answer?: Answer
      readonly record?: number
    } = {},
  ) {
    super(message)
    this.reason = reason
    this.status = status
    this.headers = more.headers ?? {}
    this.answer = more.answer
    this.record = more.record
  }
}

export function methodNotAllowed(allowed: string): Refused {
  return new Refused('method', 405, `use ${allowed}`, { headers: { Allow: allowed } })
}

/** Seconds after which a sender that met a full spool or budget should come again. */
const RETRY_AFTER_S = 2

export function busy(message: string): Refused {
  return new Refused('busy', 503, message, { headers: { 'Retry-After': String(RETRY_AFTER_S) } })
}
