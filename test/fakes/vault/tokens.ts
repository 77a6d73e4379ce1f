import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../src/kernel/clock/clock.ts'
import { forbidden, Refusal } from './answers.ts'

export interface TokenSpec {
  readonly policies?: readonly string[]
  /** Seconds; 0: without an end. */
  readonly ttl?: number
  readonly maxTtl?: number
  /** Renewed to this, for ever. */
  readonly period?: number
  /** 0: as often as one likes. */
  readonly uses?: number
  readonly renewable?: boolean
  readonly type?: 'service' | 'batch'
  readonly parent?: Token
  readonly namespace?: string
  readonly metadata?: Readonly<Record<string, string>> | null
  readonly path?: string
}

export interface Token {
  readonly id: string
  readonly accessor: string
  readonly policies: readonly string[]
  readonly createdAtMs: number
  endMs: number
  readonly ttl: number
  readonly maxTtl: number
  readonly period: number
  uses: number
  readonly isLimited: boolean
  readonly renewable: boolean
  readonly type: 'service' | 'batch'
  readonly parent: Token | undefined
  readonly namespace: string
  readonly metadata: Readonly<Record<string, string>> | null
  readonly path: string
}

/** Tokens with their times, uses and children. */
export class Tokens {
  readonly #clock: Clock
  readonly #all = new Map<string, Token>()
  /** Called for each that ends, however it does. */
  readonly onEnd: (token: Token) => void

  constructor(clock: Clock, onEnd: (token: Token) => void) {
    this.#clock = clock
    this.onEnd = onEnd
  }

  create(spec: TokenSpec, id?: string): Token {
    const { ttl = 0, maxTtl = 0, period = 0, uses = 0, type = 'service' } = spec
    const lasting = period > 0 ? period : maxTtl > 0 ? Math.min(ttl || maxTtl, maxTtl) : ttl
    const token: Token = {
      id:
        id ??
        (type === 'batch' ? `b.${randomBytes(60).toString('hex')}` : `s.${randomBytes(12).toString('hex')}`),
      accessor: type === 'batch' ? '' : randomBytes(12).toString('hex'),
      policies: spec.policies ?? ['default'],
      createdAtMs: this.#clock.now(),
      endMs: lasting > 0 ? this.#clock.now() + lasting * 1000 : Number.POSITIVE_INFINITY,
      ttl: lasting,
      maxTtl,
      period,
      uses,
      isLimited: uses > 0,
      renewable: type === 'service' && lasting > 0 && spec.renewable !== false,
      type,
      parent: spec.parent,
      namespace: spec.namespace ?? '',
      metadata: spec.metadata ?? null,
      path: spec.path ?? 'auth/token/create',
    }
    this.#all.set(token.id, token)
    return token
  }

  /** Those that live. */
  get living(): readonly Token[] {
    return [...this.#all.values()].filter(token => this.find(token.id) !== undefined)
  }

  find(id: string): Token | undefined {
    const token = this.#all.get(id)
    if (token === undefined || token.endMs > this.#clock.now()) return token
    this.revoke(token)
    return undefined
  }

  /** For one request; throws a Refusal. */
  use(id: string | undefined, namespace: string): Token {
    const token = id === undefined ? undefined : this.find(id)
    if (token === undefined) throw forbidden()
    const isInside = token.namespace === '' || `${namespace}/`.startsWith(`${token.namespace}/`)
    if (!isInside) throw forbidden()
    if (token.isLimited && token.uses === 0) throw forbidden()
    if (token.isLimited) token.uses--
    return token
  }

  renew(token: Token, increment: number | undefined): string[] {
    if (token.type === 'batch') throw new Refusal(400, ['batch tokens cannot be renewed'])
    if (!token.renewable) throw new Refusal(400, ['lease is not renewable'])
    const now = this.#clock.now()
    const wished = token.period > 0 ? token.period : increment || token.ttl
    const mostMs =
      token.maxTtl > 0 && token.period === 0
        ? token.createdAtMs + token.maxTtl * 1000
        : Number.POSITIVE_INFINITY
    token.endMs = Math.min(now + wished * 1000, mostMs)
    return token.endMs === mostMs && wished * 1000 > mostMs - now ? ['TTL value is capped accordingly'] : []
  }

  /** With its children and with what hangs on it. */
  revoke(token: Token): void {
    if (!this.#all.delete(token.id)) return
    this.onEnd(token)
    for (const child of [...this.#all.values()]) if (child.parent === token) this.revoke(child)
  }

  secondsLeft(token: Token): number {
    return Number.isFinite(token.endMs)
      ? Math.max(0, Math.round((token.endMs - this.#clock.now()) / 1000))
      : 0
  }

  /** As a login tells it. */
  authOf(token: Token): object {
    return {
      client_token: token.id,
      accessor: token.accessor,
      policies: token.policies,
      token_policies: token.policies,
      metadata: token.metadata,
      lease_duration: this.secondsLeft(token),
      renewable: token.renewable,
      entity_id: '',
      token_type: token.type,
      orphan: token.parent === undefined,
      mfa_requirement: null,
      num_uses: token.isLimited ? token.uses : 0,
    }
  }

  lookup(token: Token): object {
    return {
      accessor: token.accessor,
      creation_time: Math.floor(token.createdAtMs / 1000),
      creation_ttl: token.ttl,
      display_name: 'token',
      entity_id: '',
      expire_time: Number.isFinite(token.endMs) ? new Date(token.endMs).toISOString() : null,
      explicit_max_ttl: token.maxTtl,
      id: token.id,
      issue_time: new Date(token.createdAtMs).toISOString(),
      meta: token.metadata,
      // The real one, too: 0 would be a token without a limit.
      num_uses: token.isLimited ? token.uses || -1 : 0,
      orphan: token.parent === undefined,
      path: token.path,
      policies: token.policies,
      renewable: token.renewable,
      ttl: this.secondsLeft(token),
      type: token.type,
    }
  }
}
