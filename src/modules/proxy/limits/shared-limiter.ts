import type { Counter } from '../../../kernel/metrics/metrics.ts'
import { sha256 } from '../../../wire/sha256/sha256.ts'
import { type Refusal, refusal } from '../refusal.ts'
import type { RequestView } from '../request.ts'
import type { LimitConfig } from './config.ts'
import { type Limit, type Limiter, type LimiterParts, LocalLimiter, tooMany } from './limiter.ts'
import type { Count, SharedCounts } from './shared-counts.ts'

/** Local limits first, then those that all sidecars count together; what they refuse has used up the local ones. */
export class SharedLimiter implements Limiter {
  readonly #local: LocalLimiter
  /** The shared limits counted by this sidecar alone, for when Redis is away. */
  readonly #alone: LocalLimiter
  readonly #counts: SharedCounts
  readonly #answered: Counter
  readonly #away: Counter

  constructor(configs: readonly LimitConfig[], counts: SharedCounts, parts: LimiterParts) {
    const { previous, ...others } = parts
    const before = previous instanceof SharedLimiter ? previous : undefined
    const local = before === undefined ? previous : before.#local
    const own = configs.filter(({ shared }) => !shared)
    const together = configs.filter(({ shared }) => shared)
    this.#local = new LocalLimiter(own, { ...others, ...(local && { previous: local }) })
    this.#alone = new LocalLimiter(together, { ...others, ...(before && { previous: before.#alone }) })
    this.#counts = counts
    const answers = parts.metrics.counter(
      'limit_shared_answers_total',
      'Requests for which Redis was asked, by whether it answered in time.',
      ['result'],
    )
    this.#answered = answers.with('answered')
    this.#away = answers.with('away')
  }

  decide(view: RequestView, route: string): Refusal | undefined | Promise<Refusal | undefined> {
    const refused = this.#local.decide(view, route)
    if (refused !== undefined) return refused
    const limits = this.#alone.of(route)
    if (limits.length === 0) return undefined
    const demands = limits.map(limit => demandOf(limit, limit.key(view, route)))
    return new Promise(resolve =>
      this.#counts.count(demands, count => {
        if (count === undefined) resolve(this.#withoutRedis(view, route))
        else resolve(this.#judge(limits, count))
      }),
    )
  }

  explain(view: RequestView, route: string): string[] {
    const together = this.#alone.of(route).map(({ name, rate, burst, enforce }) => {
      const mode = enforce ? '' : ', not enforced'
      return `limit "${name}" (${rate}, burst ${burst}${mode}): counted in Redis, by all sidecars together`
    })
    return [...this.#local.explain(view, route), ...together]
  }

  #judge(limits: readonly Limit[], { refusedBy, waitMs, resetMs, exceeded }: Count): Refusal | undefined {
    this.#answered.inc()
    for (const at of exceeded) limits[at]?.refused.inc()
    const limit = limits[refusedBy]
    if (limit === undefined) return undefined
    limit.refused.inc()
    return tooMany(limit, { remaining: 0, waitMs, resetMs })
  }

  #withoutRedis(view: RequestView, route: string): Refusal | undefined {
    this.#away.inc()
    switch (this.#counts.config?.whenAway) {
      case 'pass':
        return undefined
      case 'refuse':
        return refusal('limits_unavailable', 'Redis, which counts the shared limits, does not answer')
      default:
        return this.#alone.decide(view, route)
    }
  }
}

/** What callers are told apart by may be a secret, or no text that a key may hold: Redis sees a hash of it. */
function demandOf({ name, intervalMs, burst, enforce }: Limit, caller: string) {
  const hash = sha256(Buffer.from(caller, 'utf16le').toString('latin1')).slice(0, 32)
  return { key: `${name}:${hash}`, intervalMs, burst, enforce }
}
