import type { Path } from '../../manifests/json.ts'
import type { FailureReason, SkipReason } from './injection.ts'

/** Why a pod gets nothing at all; thrown within the injection of one pod and caught where it began. */
export class Refusal extends Error {
  readonly outcome: 'skipped' | 'failed'
  readonly reason: SkipReason | FailureReason
  /** From the pod template on. */
  readonly path: Path
  readonly hint: string | undefined

  constructor(
    outcome: 'skipped' | 'failed',
    reason: SkipReason | FailureReason,
    path: Path,
    message: string,
    hint?: string,
  ) {
    super(message)
    this.outcome = outcome
    this.reason = reason
    this.path = path
    this.hint = hint
  }
}

export function fail(reason: FailureReason, path: Path, message: string, hint?: string): never {
  throw new Refusal('failed', reason, path, message, hint)
}

export function skip(reason: SkipReason, path: Path, message: string, hint?: string): never {
  throw new Refusal('skipped', reason, path, message, hint)
}

/** Tells something that does not stand in the way. `path` is from the pod template on. */
export type Tell = (
  severity: 'error' | 'warning' | 'info',
  code: string,
  path: Path,
  message: string,
  hint?: string,
) => void
