import type { JWTPayload } from 'jose'
import type { Timers } from '../../../../http/timers.ts'
import type { Clock } from '../../../../kernel/clock/clock.ts'
import type { Log } from '../../../../kernel/log/log.ts'
import type { Counter, Metrics } from '../../../../kernel/metrics/metrics.ts'
import { type Claims, claimTexts } from './claims.ts'
import type { IssuerConfig, JwtConfig } from './config.ts'
import { KeySet, type Keys } from './key-set.ts'
import { keySource, type LoadKeys } from './key-source.ts'
import { TokenCache } from './token-cache.ts'

export interface VerifierParts {
  readonly clock: Clock & Timers
  readonly log: Log
  readonly metrics: Metrics
  /** How an issuer's keys are read; from its file or URL unless given. */
  readonly source?: (issuer: IssuerConfig, clock: Timers) => LoadKeys
}

export interface Verified {
  readonly claims: Claims
  readonly expiresAtMs: number
  /** For the application: name, value, name, value … */
  readonly headers: readonly string[]
}

export interface Invalid {
  /** One line that quotes nothing of the token. */
  readonly problem: string
}

type Jose = typeof import('jose')

interface Issuer {
  readonly config: IssuerConfig
  readonly keys: KeySet
}

interface Remembered extends Verified {
  readonly issuer: Issuer
  readonly keys: Keys
}

/** Keys that a token without `kid` is tried with. */
const MAX_TRIES = 8

/** Checks tokens. jose does it, with keys that we read; the answer is remembered until the token expires or the keys change. */
export class Verifier {
  readonly #parts: VerifierParts
  readonly #config: JwtConfig
  readonly #remembered: TokenCache<Remembered>
  readonly #hash = process.getBuiltinModule('node:crypto').hash
  readonly #valid: Counter
  readonly #invalid: Counter
  #loading: Promise<{ jose: Jose; issuers: ReadonlyMap<string, Issuer> }> | undefined

  constructor(config: JwtConfig, parts: VerifierParts) {
    this.#config = config
    this.#parts = parts
    this.#remembered = new TokenCache(config.maxCached)
    const checks = parts.metrics.counter('jwt_checks_total', 'Tokens that were checked in full.', ['result'])
    this.#valid = checks.with('valid')
    this.#invalid = checks.with('invalid')
  }

  /** Loads what the first token needs, so that it need not wait. Never rejects. */
  async warm(): Promise<void> {
    const { issuers } = await this.#load()
    await Promise.all([...issuers.values()].map(({ keys }) => keys.available()))
  }

  /** At once for a token that was seen before. Never rejects. */
  verify(token: string): Verified | Invalid | Promise<Verified | Invalid> {
    if (token.length > this.#config.maxTokenBytes) return { problem: 'the token is too long' }
    const hash = this.#hash('sha256', token, 'base64url')
    const known = this.#remembered.get(hash, this.#parts.clock.now())
    if (known === undefined) return this.#check(token, hash)
    if (known.issuer.keys.current() === known.keys) return known
    this.#remembered.delete(hash)
    return this.#check(token, hash)
  }

  async #check(token: string, hash: string): Promise<Verified | Invalid> {
    try {
      const { jose, issuers } = await this.#load()
      const issuer = issuers.get(String(jose.decodeJwt(token).iss))
      if (issuer === undefined) return this.#refuse('the token’s issuer is not configured')
      const keys = await issuer.keys.available()
      if (keys === undefined) return this.#refuse('the keys of the token’s issuer cannot be read')
      const result = await this.#withKeys(jose, token, issuer, keys)
      this.#remembered.set(hash, result)
      this.#valid.inc()
      return result
    } catch (error) {
      return this.#refuse(problemOf(error))
    }
  }

  #refuse(problem: string): Invalid {
    this.#invalid.inc()
    return { problem }
  }

  /** Once more with newer keys, when there are any, for a token whose key is unknown. */
  async #withKeys(jose: Jose, token: string, issuer: Issuer, keys: Keys): Promise<Remembered> {
    try {
      return await this.#withKey(jose, token, issuer, keys)
    } catch (error) {
      if (!(error instanceof jose.errors.JWKSNoMatchingKey)) throw error
      const newer = await issuer.keys.newerThan(keys)
      if (newer === undefined) throw error
      return this.#withKey(jose, token, issuer, newer)
    }
  }

  async #withKey(jose: Jose, token: string, issuer: Issuer, keys: Keys): Promise<Remembered> {
    const { config } = issuer
    const options = {
      issuer: config.issuer,
      ...(config.audiences && { audience: [...config.audiences] }),
      algorithms: [...config.algorithms],
      clockTolerance: config.leewayMs / 1000,
      currentDate: new Date(this.#parts.clock.now()),
      requiredClaims: ['exp'],
    }
    const remember = (claims: JWTPayload): Remembered => ({
      ...{ claims, issuer, keys },
      expiresAtMs: claims.exp! * 1000 + config.leewayMs,
      headers: claimHeaders(claims, config.headers),
    })
    try {
      return remember((await jose.jwtVerify(token, keys.find, options)).payload)
    } catch (error) {
      if (!(error instanceof jose.errors.JWKSMultipleMatchingKeys)) throw error
      let tries = 0
      for await (const key of error) {
        if (++tries > MAX_TRIES) break
        try {
          return remember((await jose.jwtVerify(token, key, options)).payload)
        } catch (fault) {
          if (!(fault instanceof jose.errors.JWSSignatureVerificationFailed)) throw fault
        }
      }
      throw new jose.errors.JWSSignatureVerificationFailed()
    }
  }

  #load(): Promise<{ jose: Jose; issuers: ReadonlyMap<string, Issuer> }> {
    this.#loading ??= import('jose').then(jose => ({ jose, issuers: this.#issuers(jose) }))
    return this.#loading
  }

  #issuers(jose: Jose): ReadonlyMap<string, Issuer> {
    const { clock, log, metrics, source = keySource } = this.#parts
    const loads = metrics.counter('jwt_key_loads_total', 'Readings of the keys of an issuer.', [
      'issuer',
      'result',
    ])
    return new Map(
      this.#config.issuers.map(config => {
        const loaded = (problem: string | undefined) => {
          loads.with(config.issuer, problem === undefined ? 'ok' : 'failed').inc()
          if (problem === undefined) return
          const message = `The keys of ${config.issuer} cannot be read: ${problem}. Those read before stay in use.`
          log.warn('jwt_keys_unavailable', message, { issuer: config.issuer })
        }
        const { refreshMs, cooldownMs } = config
        const load = source(config, clock)
        const keys = new KeySet({
          load,
          finder: jose.createLocalJWKSet,
          clock,
          refreshMs,
          cooldownMs,
          loaded,
        })
        return [config.issuer, { config, keys }]
      }),
    )
  }
}

/** Values are UTF-8 on the wire, one character a byte here. A value that cannot stand in a header is left out. */
function claimHeaders(claims: Claims, headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, claim]) => {
    const value = claimTexts(claims, claim).join(',')
    if (value === '' || /[\x00-\x1f\x7f]/.test(value)) return []
    return [name, Buffer.from(value, 'utf8').toString('latin1')]
  })
}

/** jose's codes in our words; whatever else went wrong, the token is not accepted. */
function problemOf(error: unknown): string {
  const { code, claim } = error as { code?: string; claim?: string }
  if (code === 'ERR_JWT_EXPIRED') return 'the token has expired'
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED')
    return claim === 'nbf' ? 'the token is not valid yet' : `the token’s claim ${claim} is missing or wrong`
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') return 'the token’s signature is wrong'
  if (code === 'ERR_JWKS_NO_MATCHING_KEY') return 'the token’s key is unknown'
  if (code === 'ERR_JOSE_ALG_NOT_ALLOWED') return 'the token’s algorithm is not allowed'
  return 'the token is malformed'
}
