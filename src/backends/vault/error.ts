import type { LosslessJson } from '../../wire/json/lossless.ts'

/**
 * - `forbidden`: the token may not; `missing`: there is nothing; `invalid`: the request makes no sense to the server;
 * - `lost`: the lease is not there any more;
 * - `sealed`: the server is there and cannot read its own data; `unavailable`: nobody could answer.
 */
export type VaultFailure = 'forbidden' | 'missing' | 'invalid' | 'lost' | 'sealed' | 'unavailable'

/** A request to Vault that has no good answer. The message holds the server's words, and never a value or a token. */
export class VaultError extends Error {
  readonly failure: VaultFailure
  /** Undefined when there was no answer. */
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined
  /** What was asked for, as the server was asked: `secret/data/app`. */
  readonly path: string | undefined
  /** What came with the refusal: of a deleted version its metadata, of a wrong path a warning. */
  readonly answer: ReadonlyMap<string, LosslessJson> | undefined

  constructor(
    failure: VaultFailure,
    message: string,
    given: {
      readonly status?: number
      readonly retryAfterMs?: number | undefined
      readonly path?: string
      readonly answer?: ReadonlyMap<string, LosslessJson> | undefined
      readonly cause?: unknown
    } = {},
  ) {
    super(message, { cause: given.cause })
    this.name = 'VaultError'
    this.failure = failure
    this.status = given.status
    this.retryAfterMs = given.retryAfterMs
    this.path = given.path
    this.answer = given.answer
  }

  /** Whether the same request may have another answer in a moment. */
  get isPassing(): boolean {
    return this.failure === 'sealed' || this.failure === 'unavailable'
  }
}

/** What a status means, by Vault's HTTP API ("HTTP status codes") and the words of its errors. */
export function failureOf(status: number, words: string): VaultFailure {
  if (/lease not found|invalid lease|lease expired|no lease/i.test(words)) return 'lost'
  switch (status) {
    case 403:
    case 401:
      return 'forbidden'
    case 404:
      return 'missing'
    case 503:
      return /sealed/i.test(words) ? 'sealed' : 'unavailable'
    case 501:
      return 'sealed'
    // 412: this server has not seen yet what another one has written.
    case 408:
    case 412:
    case 425:
    case 429:
    case 472:
    case 473:
      return 'unavailable'
    default:
      return status >= 500 ? 'unavailable' : 'invalid'
  }
}
