import type { AccessConfig } from './config.ts'
import { allowed, denied, unauthenticated, type Verdict } from './verdict.ts'

/** What becomes of a request that no rule matches. */
export interface Otherwise {
  /** With a token that was verified. */
  readonly proved: Verdict
  /** Without one; of connections that are passed on, too. */
  readonly unproved: Verdict
}

/**
 * Where any rule allows or denies, what no rule allows is denied. Where nothing but issuers says who may pass, a token of
 * theirs is what allows. `otherwise` has the last word. Audit rules decide nothing, so that they alone deny nothing.
 */
export function otherwiseOf({
  rules,
  otherwise,
  jwt,
}: Pick<AccessConfig, 'rules' | 'otherwise' | 'jwt'>): Otherwise {
  const allows = rules.some(({ action }) => action === 'allow')
  if (otherwise === undefined && !allows && jwt !== undefined)
    return { proved: allowed('token'), unproved: unauthenticated('default', 'a token is needed') }
  const denies = otherwise === undefined ? rules.some(decides) : otherwise === 'deny'
  if (!denies) return both(allowed('default'))
  return both(denied('default', allows ? 'no allow rule matches' : 'no rule allows anything'))
}

/** Rules that nothing would ever pass, which nobody means: only deny rules, and no word on the rest. */
export function letsNothingPass({
  rules,
  otherwise,
  jwt,
}: Pick<AccessConfig, 'rules' | 'otherwise' | 'jwt'>): boolean {
  const deciding = rules.filter(decides)
  const onlyDenies = deciding.length > 0 && deciding.every(({ action }) => action === 'deny')
  return onlyDenies && otherwise === undefined && jwt === undefined
}

function decides({ action }: AccessConfig['rules'][number]): boolean {
  return action !== 'audit'
}

function both(verdict: Verdict): Otherwise {
  return { proved: verdict, unproved: verdict }
}
