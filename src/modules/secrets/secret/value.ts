import type { Value } from '../../../wire/gotemplate/value.ts'

/** The entries of a secret, numbers with their own text; bytes where a source has what is no text. */
export type SecretData = ReadonlyMap<string, Value>

/** What a source gave for a request. It never shows itself: printing, JSON and inspection give `<redacted>`. */
export class SecretValue {
  /** What people call the secret: of Vault's KV version 2 the inner `data`. `${secret:path#key}` reads here. */
  readonly data: SecretData
  /** Vault's own shape of it, which templates reach as `.Data`: of KV version 2 `{data, metadata}`. */
  readonly document: SecretData
  /** Until when it can be used, and when it is asked for again. */
  readonly timing: Timing
  /** Tells two values of a secret apart without looking at them, where the source has such a thing. */
  readonly version: string | undefined
  /** The rest of Vault's answer, for templates. */
  readonly answer: AnswerParts

  constructor(given: {
    readonly data: SecretData
    readonly document?: SecretData
    readonly timing: Timing
    readonly version?: string | undefined
    readonly answer?: AnswerParts
  }) {
    this.data = given.data
    this.document = given.document ?? given.data
    this.timing = given.timing
    this.version = given.version
    this.answer = given.answer ?? {}
  }

  /** The same with another lease. */
  withLease(lease: Lease): SecretValue {
    return new SecretValue({ ...this, timing: { kind: 'leased', lease } })
  }

  toString(): string {
    return '<redacted>'
  }

  toJSON(): string {
    return '<redacted>'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '<redacted>'
  }
}

/** Times are of the wall clock, in milliseconds since 1970. */
export type Timing =
  /** Leased: it ends with its lease. */
  | { readonly kind: 'leased'; readonly lease: Lease }
  /** Its owner changes it every now and then; it is good until then (Vault: `ttl` of a static role). */
  | { readonly kind: 'rotated'; readonly atMs: number }
  /**
   * A certificate, or what else says itself when it ends. `standsAlone`: it is good until then whatever becomes of the token
   * that it was asked for with.
   */
  | {
      readonly kind: 'expires'
      readonly atMs: number
      readonly fromMs?: number
      readonly standsAlone?: boolean
    }
  /** It has no end and its source does not tell of changes: asked for again every now and then, or when the source says. */
  | { readonly kind: 'static'; readonly askAfterMs?: number }
  /** Its source tells when it changes (`watch`). */
  | { readonly kind: 'watched' }

export interface Lease {
  readonly id: string
  readonly renewable: boolean
  readonly grantedAtMs: number
  readonly durationMs: number
  /** Of one that was kept for another process: when the token ends that it hangs on, however often it is renewed. */
  readonly endsAtMs?: number
}

/** Members of Vault's answers that are not data (HTTP API, "Secret"). */
export interface AnswerParts {
  readonly requestId?: string
  readonly warnings?: readonly string[]
  readonly auth?: ReadonlyMap<string, Value>
  readonly wrapInfo?: ReadonlyMap<string, Value>
}
