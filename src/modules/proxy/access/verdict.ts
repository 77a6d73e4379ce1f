import { type Refusal, refusal } from '../refusal.ts'
import type { Verified } from './jwt/verifier.ts'

/** What access control says of a request, and why. */
export interface Verdict {
  /** Undefined: the request may pass. */
  readonly refusal: Refusal | undefined
  /** The rule that decided; `default` when none did, `token` when that did by being valid or not, `policy` for the policy module. */
  readonly rule: string
  /** The audit rules that match. */
  readonly audits: readonly string[]
  /** What the request proved, for the log and for the application. */
  readonly proof: Proof | undefined
}

export interface Proof {
  readonly verified: Verified
}

export const NO_AUDITS: readonly string[] = []

export function allowed(rule: string): Verdict {
  return { refusal: undefined, rule, audits: NO_AUDITS, proof: undefined }
}

export function denied(rule: string, detail: string): Verdict {
  return { refusal: refusal('denied', detail), rule, audits: NO_AUDITS, proof: undefined }
}

/** RFC 6750 section 3: a request without a token is told only which scheme to use. */
export function unauthenticated(rule: string, detail: string, problem?: string): Verdict {
  const ascii = problem?.replaceAll('’', "'")
  const challenge =
    ascii === undefined ? 'Bearer' : `Bearer error="invalid_token", error_description="${ascii}"`
  const refused = refusal('unauthenticated', detail, ['WWW-Authenticate', challenge])
  return { refusal: refused, rule, audits: NO_AUDITS, proof: undefined }
}
