import type { Counter, Metrics } from '../../../kernel/metrics/metrics.ts'
import type { RequestView } from '../request.ts'
import type { AccessConfig } from './config.ts'
import type { Claims } from './jwt/claims.ts'
import { type Otherwise, otherwiseOf } from './otherwise.ts'
import { compileRule, matchesWithToken, type Rule } from './rule.ts'
import { allowed, denied, NO_AUDITS, unauthenticated, type Verdict } from './verdict.ts'

interface Decisive extends Rule {
  readonly verdict: Verdict
  /** In place of `verdict` for a request without a token, where one might have changed it. */
  readonly withoutToken: Verdict
}

interface Auditing extends Rule {
  readonly matched: Counter
}

/**
 * All rules in the order in which they are asked: deny, then allow. The verdicts are made beforehand, so that asking
 * allocates nothing.
 */
export class RuleSet {
  readonly #deny: readonly Decisive[]
  readonly #allow: readonly Decisive[]
  readonly #audit: readonly Auditing[]
  readonly #otherwise: Otherwise
  readonly #withoutToken = unauthenticated('default', 'no allow rule matches without a token')

  constructor(config: Pick<AccessConfig, 'rules' | 'otherwise' | 'jwt'>, metrics: Metrics) {
    const compiled = config.rules.map(compileRule)
    const audits = metrics.counter('access_audits_total', 'Requests that an audit rule matches.', ['rule'])
    this.#deny = compiled.filter(rule => rule.action === 'deny').map(decisive)
    this.#allow = compiled.filter(rule => rule.action === 'allow').map(decisive)
    this.#audit = compiled
      .filter(rule => rule.action === 'audit')
      .map(rule => ({ ...rule, matched: audits.with(rule.name) }))
    this.#otherwise = otherwiseOf(config)
  }

  decide(view: RequestView, token: Claims | undefined): Verdict {
    for (let at = 0; at < this.#deny.length; at++) {
      const rule = this.#deny[at]!
      if (rule.matches(view, token)) return token === undefined ? rule.withoutToken : rule.verdict
    }
    for (let at = 0; at < this.#allow.length; at++) {
      const rule = this.#allow[at]!
      if (rule.matches(view, token)) return rule.verdict
    }
    const { proved, unproved } = this.#otherwise
    if (token !== undefined) return proved
    const tokenHelps =
      unproved.refusal !== undefined && this.#allow.some(rule => matchesWithToken(rule, view))
    return tokenHelps ? this.#withoutToken : unproved
  }

  /** Of a connection that is passed on as it is. */
  decideConnection(view: RequestView): Verdict {
    const decisive = [...this.#deny, ...this.#allow].find(rule => rule.matchesConnection(view))
    return decisive?.verdict ?? this.#otherwise.unproved
  }

  /** Counts, and names, the audit rules that match. */
  audit(view: RequestView, token: Claims | undefined): readonly string[] {
    if (this.#audit.length === 0) return NO_AUDITS
    return counted(this.#audit.filter(rule => rule.matches(view, token)))
  }

  /** The same for a connection that is passed on as it is. */
  auditConnection(view: RequestView): readonly string[] {
    if (this.#audit.length === 0) return NO_AUDITS
    return counted(this.#audit.filter(rule => rule.matchesConnection(view)))
  }

  /** A line for each rule in the order in which they are asked. */
  explain(view: RequestView, token: Claims | undefined, isConnection: boolean): string[] {
    return [...this.#deny, ...this.#allow, ...this.#audit].map(rule => {
      const holds = isConnection && rule.matchesConnection(view)
      const fault = holds ? undefined : rule.mismatch(view, token)
      return `${rule.action} rule "${rule.name}" ${fault === undefined ? 'matches' : `does not match: ${fault}`}`
    })
  }
}

function counted(matching: readonly Auditing[]): readonly string[] {
  for (const { matched } of matching) matched.inc()
  return matching.length === 0 ? NO_AUDITS : matching.map(({ name }) => name)
}

function decisive(rule: Rule): Decisive {
  const { name, action, asksToken } = rule
  if (action === 'allow') {
    const verdict = allowed(name)
    return { ...rule, verdict, withoutToken: verdict }
  }
  const verdict = denied(name, `rule "${name}" denies it`)
  const withoutToken = asksToken ? unauthenticated(name, `rule "${name}" denies it without a token`) : verdict
  return { ...rule, verdict, withoutToken }
}
