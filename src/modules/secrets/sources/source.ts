import type { Health } from '../../../kernel/module.ts'
import type { LosslessJson } from '../../../wire/json/lossless.ts'
import type { Lease, SecretValue } from '../secret/value.ts'

/** Where secrets come from. It keeps none of them: one answer a call. */
export interface SecretSource {
  /** Gives the value as it is now. Rejects with a SourceFailure. */
  fetch(request: SecretRequest, signal: AbortSignal): Promise<SecretValue>
  /** The names at a path, folders with a trailing `/`. Rejects with a SourceFailure. */
  list?(path: string, signal: AbortSignal): Promise<readonly string[]>
  /** The lease as it is afterwards. Rejects with a SourceFailure; `lost` and `forbidden` mean that the lease is over. */
  renew?(lease: Lease, signal: AbortSignal): Promise<Lease>
  /** The lease ends now. */
  revoke?(lease: Lease, signal: AbortSignal): Promise<void>
  /** Calls `changed` when the value may be another one; until it is disposed of. */
  watch?(request: SecretRequest, changed: () => void): Disposable
  /**
   * Calls `doubt` when leases that were granted until now end before their time, because what they hang on does (a token
   * that cannot be renewed any more): in so many milliseconds, 0 when they may have ended already. Until it is disposed of.
   */
  onDoubt?(doubt: (endsInMs: number) => void): Disposable
  /** Of the wall clock: when leases that are granted now end at the latest, as things stand; undefined: each when it says so. */
  leasesEndAtMs?(): number | undefined
  /** Sends requests for Vault's own API on, of a source that is such a server. */
  readonly upstream?: Upstream
  /** The token by which the source is known, of one that has such a thing. */
  readonly tokens?: TokenSource
  /** How often what is `static` is asked for, where the source has its own opinion. */
  readonly intervalMs?: number
  /** Of the source as such: is it there, are we known to it. Synchronous and cheap. */
  health(): Health
}

/** A server that has Vault's API, as a proxy in front of it needs it. */
export interface Upstream {
  readonly namespace: string | undefined
  /** The source's own token, of one that has a login. Rejects when there is none and the last login was refused. */
  token?(signal: AbortSignal): Promise<string>
  /** A request with that token was forbidden; whether there is another token now. */
  refused(token: string): Promise<boolean>
  /** The answer as it came, whatever its status. Rejects with a SourceFailure when there is none. */
  forward(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamAnswer>
}

export interface UpstreamRequest {
  readonly method: string
  /** Begins with `/v1/`; with its query, encoded as it came. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface UpstreamAnswer {
  readonly status: number
  readonly body: Buffer
  header(name: string): string | undefined
}

/** For who is to have a source's own token. */
export interface TokenSource {
  /** Calls with the token there is, and with every later one; until it is disposed of. */
  follow(call: (token: string) => void): Disposable
  /** Puts a token into a wrapping token that lives for so long; gives what Vault tells of it. Rejects with a SourceFailure. */
  wrap(token: string, ttlMs: number, signal: AbortSignal): Promise<ReadonlyMap<string, LosslessJson>>
}

/** What is asked of a source. Equal requests share one secret (`requestKey`). */
export interface SecretRequest {
  readonly path: string
  /** Of a KV version 2; the newest unless given. */
  readonly version?: number
  /** Arguments: a write whose answer is the secret (a certificate to be issued). */
  readonly write?: ReadonlyMap<string, LosslessJson>
  /** What an earlier process has left of it. Requests that differ in this only are equal. */
  readonly earlier?: () => SecretValue | undefined
}

/** Why there is no value; it says path and source, never a value. */
export class SourceFailure extends Error {
  readonly reason: FailureReason
  /** The source asked to be left alone for this long. */
  readonly retryAfterMs: number | undefined

  constructor(
    reason: FailureReason,
    message: string,
    given: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: given.cause })
    this.name = 'SourceFailure'
    this.reason = reason
    this.retryAfterMs = given.retryAfterMs
  }
}

/**
 * - `forbidden`, `missing`, `invalid`: the answer will stay the same until somebody does something; asked again slowly.
 * - `lost`: the lease is not there any more.
 * - `sealed`, `unavailable`: nobody could answer; asked again with growing pauses.
 */
export type FailureReason = 'forbidden' | 'missing' | 'invalid' | 'lost' | 'sealed' | 'unavailable'
