import type { Signer } from '../../../authority/root.ts'
import { type AuthorityState, certificatesOf, validity } from './authority-state.ts'

export interface RotationTimes {
  /** How long an authority is good. */
  readonly authorityMs: number
  /** How long every API server is given to hear of a new one before anything is signed with it. */
  readonly settleMs: number
}

export const ROTATION: RotationTimes = { authorityMs: 90 * 24 * 3600_000, settleMs: 60_000 }

/** One write to the Secret. `make`: with a signer that has to be made for it. */
export type Step =
  | { readonly kind: 'make'; readonly why: string; readonly stateWith: (made: Signer) => AuthorityState }
  | { readonly kind: 'write'; readonly why: string; readonly state: AuthorityState }

/**
 * What has to be written now, if anything; once it is written, ask again. `announcedMs`: for how long all webhook
 * configurations are known to trust `next`. Whoever begins here after another was killed goes on where it stopped.
 */
export function nextStep(
  state: AuthorityState | undefined,
  { nowMs, announcedMs, times }: { nowMs: number; announcedMs: number; times: RotationTimes },
): Step | undefined {
  if (state === undefined)
    return { kind: 'make', why: 'there is no authority yet', stateWith: made => firstState(made, []) }
  const { signer, next, trusted } = state
  const now = validity(signer.certificate)
  // What it signs is refused already: there is nothing to wait for.
  if (now.toMs <= nowMs || now.fromMs > nowMs)
    return {
      kind: 'make',
      why: now.toMs <= nowMs ? 'the authority has expired' : 'the authority is of a time to come',
      stateWith: made =>
        firstState(
          made,
          trusted.filter(each => isGood(each, nowMs)),
        ),
    }
  if (next !== undefined) {
    if (!isGood(next.certificate, nowMs))
      return {
        kind: 'write',
        why: 'the announced authority is of no use',
        state: { ...state, next: undefined },
      }
    if (announcedMs >= times.settleMs)
      return {
        kind: 'write',
        why: 'the new authority is trusted everywhere',
        state: { ...state, signer: next, next: undefined },
      }
  } else if (now.toMs - nowMs < times.authorityMs / 3)
    return {
      kind: 'make',
      why: 'the authority ends within a third of its time',
      stateWith: made => ({
        ...state,
        next: made,
        trusted: [...certificatesOf(made.certificate), ...trusted],
      }),
    }
  const left = trusted.filter(each => isGood(each, nowMs) || isOf(each, signer) || isOf(each, next))
  if (left.length < trusted.length)
    return { kind: 'write', why: 'an old authority has expired', state: { ...state, trusted: left } }
  return undefined
}

function firstState(made: Signer, others: readonly string[]): AuthorityState {
  return { signer: made, next: undefined, trusted: [...certificatesOf(made.certificate), ...others] }
}

function isGood(pem: string, nowMs: number): boolean {
  const { fromMs, toMs } = validity(pem)
  return fromMs <= nowMs && nowMs < toMs
}

function isOf(pem: string, signer: Signer | undefined): boolean {
  return signer !== undefined && certificatesOf(signer.certificate).includes(pem)
}
