import { FAILURES, type FailureCode } from './failure.ts'

/** An answer that the sidecar gives itself, and why. */
export interface Refusal {
  readonly code: FailureCode
  readonly status: number
  /** Which rule decided, one line for the log and for `explain`; it names no secret of the request. */
  readonly detail: string
  /** Header fields of the answer: name, value, name, value … */
  readonly headers: readonly string[]
  /** As those of the request. */
  readonly audits?: readonly string[]
}

export function refusal(code: FailureCode, detail: string, headers: readonly string[] = []): Refusal {
  return { code, status: FAILURES[code].status, detail, headers }
}
