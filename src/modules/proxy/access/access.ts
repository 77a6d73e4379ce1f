import type { HeaderList } from '../../../wire/http1/headers.ts'
import type { RequestView } from '../request.ts'
import type { AccessConfig } from './config.ts'
import { AMBIGUOUS, findToken, removeTokens } from './jwt/place.ts'
import { Verifier, type VerifierParts } from './jwt/verifier.ts'
import { NameSet } from './name-set.ts'
import { RuleSet } from './rule-set.ts'
import { denied, type Proof, unauthenticated, type Verdict } from './verdict.ts'

/** What the policy module says of a request that the rules let pass. */
export type Decide = (view: RequestView) => boolean | Promise<boolean>

export interface AccessParts extends VerifierParts {
  readonly decide?: Decide
}

/** Who may do what. For each request: `strip`, then `decide`, then `forward` when it may pass. */
export interface Access {
  /** Removes what only the sidecar may say of a caller. */
  strip(headers: HeaderList): void
  /** A promise only for a token that is seen for the first time, or when the policy module gives one. Never rejects. */
  decide(view: RequestView): Verdict | Promise<Verdict>
  /** The same for a connection that is passed on as it is, which has an address, a port and maybe an identity. */
  decideConnection(view: RequestView): Verdict | Promise<Verdict>
  /** Writes the claims that the application is to get, takes the token out unless it is to be kept, and gives the query to forward. */
  forward(verdict: Verdict, headers: HeaderList, search: string): string
  /** What each rule says, and the verdict in the last line. Counts nothing. */
  explain(view: RequestView, isConnection?: boolean): Promise<string[]>
  /** Reads the keys of all issuers, so that the first token need not wait. Never rejects. */
  warm(): Promise<void>
}

export function createAccess(config: AccessConfig, parts: AccessParts): Access {
  return new AccessControl(config, parts)
}

class AccessControl implements Access {
  readonly #rules: RuleSet
  readonly #jwt: AccessConfig['jwt']
  readonly #verifier: Verifier | undefined
  readonly #parts: AccessParts
  readonly #strip: NameSet

  constructor(config: AccessConfig, parts: AccessParts) {
    this.#rules = new RuleSet(config, parts.metrics)
    this.#jwt = config.jwt
    this.#parts = parts
    this.#verifier = config.jwt && new Verifier(config.jwt, parts)
    const written = config.jwt?.issuers.flatMap(issuer => Object.keys(issuer.headers)) ?? []
    this.#strip = new NameSet([...config.stripHeaders, ...written])
  }

  strip({ raw }: HeaderList): void {
    for (let at = raw.length - 2; at >= 0; at -= 2) if (this.#strip.has(raw[at]!)) raw.splice(at, 2)
  }

  decide(view: RequestView): Verdict | Promise<Verdict> {
    const proof = this.#prove(view)
    if (proof instanceof Promise) return proof.then(result => this.#judge(view, result))
    return this.#judge(view, proof)
  }

  decideConnection(view: RequestView): Verdict | Promise<Verdict> {
    const audits = this.#rules.auditConnection(view)
    const verdict = this.#rules.decideConnection(view)
    const whole = audits.length === 0 ? verdict : { ...verdict, audits }
    return whole.refusal === undefined && this.#parts.decide !== undefined ? this.#ask(view, whole) : whole
  }

  forward({ proof }: Verdict, headers: HeaderList, search: string): string {
    if (proof === undefined) return search
    const { headers: claims } = proof.verified
    for (let at = 0; at < claims.length; at += 2) headers.append(claims[at]!, claims[at + 1]!)
    return this.#jwt!.forward ? search : removeTokens(this.#jwt!.from, headers, search)
  }

  async explain(view: RequestView, isConnection = false): Promise<string[]> {
    const proof = isConnection ? undefined : await this.#prove(view)
    const refused = proof !== undefined && isVerdict(proof) ? proof : undefined
    const token = proof === undefined || isVerdict(proof) ? undefined : proof.verified.claims
    const lines = refused ? [] : this.#rules.explain(view, token, isConnection)
    const verdict =
      refused ?? (isConnection ? this.#rules.decideConnection(view) : this.#rules.decide(view, token))
    const asks = verdict.refusal === undefined && this.#parts.decide !== undefined
    const { refusal, rule } = asks ? await this.#ask(view, verdict) : verdict
    const by = `by ${rule === 'default' ? 'default' : `"${rule}"`}`
    return [...lines, refusal === undefined ? `allowed ${by}` : `${refusal.code} ${by}: ${refusal.detail}`]
  }

  async warm(): Promise<void> {
    await this.#verifier?.warm()
  }

  /** What the request proves, or the verdict on a token that is not valid. */
  #prove(view: RequestView): Proof | Verdict | undefined | Promise<Proof | Verdict> {
    if (this.#verifier === undefined) return undefined
    const found = findToken(view, this.#jwt!.from)
    if (found === undefined) return undefined
    if (found === AMBIGUOUS) return badToken('the request has several tokens')
    const result = this.#verifier.verify(found)
    const proof = (verified: Awaited<typeof result>): Proof | Verdict =>
      'problem' in verified ? badToken(verified.problem) : { verified }
    return result instanceof Promise ? result.then(proof) : proof(result)
  }

  #judge(view: RequestView, proof: Proof | Verdict | undefined): Verdict | Promise<Verdict> {
    if (proof !== undefined && isVerdict(proof)) return proof
    const claims = proof?.verified.claims
    const verdict = this.#rules.decide(view, claims)
    const audits = this.#rules.audit(view, claims)
    const whole = proof === undefined && audits.length === 0 ? verdict : { ...verdict, audits, proof }
    return whole.refusal === undefined && this.#parts.decide !== undefined ? this.#ask(view, whole) : whole
  }

  /** A policy that cannot be asked lets nothing pass. */
  #ask(view: RequestView, verdict: Verdict): Verdict | Promise<Verdict> {
    const judge = (passes: boolean): Verdict =>
      passes === true ? verdict : { ...denied('policy', 'the policy denies it'), audits: verdict.audits }
    const failed = (error: unknown): Verdict => {
      this.#parts.log.warn('policy_failed', `The policy could not be asked: ${(error as Error)?.message}`)
      return { ...denied('policy', 'the policy could not be asked'), audits: verdict.audits }
    }
    try {
      const answer = this.#parts.decide!(view)
      return answer instanceof Promise ? answer.then(judge).catch(failed) : judge(answer)
    } catch (error) {
      return failed(error)
    }
  }
}

function isVerdict(value: Proof | Verdict): value is Verdict {
  return 'rule' in value
}

function badToken(problem: string): Verdict {
  return unauthenticated('token', problem, problem)
}
