import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Counter, Metrics } from '../../../kernel/metrics/metrics.ts'
import { anyMatches, textGlob } from '../matching/glob.ts'
import { type Refusal, refusal } from '../refusal.ts'
import type { RequestView } from '../request.ts'
import { Buckets } from './buckets.ts'
import { type CallerKey, callerKey } from './caller.ts'
import type { LimitConfig } from './config.ts'
import { type HeaderStyle, type Quota, rateLimitHeaders } from './headers.ts'
import { parseRate } from './rate.ts'

export interface LimiterParts {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly metrics: Metrics
  /** The limiter that this one follows after a reload: limits that stay the same go on counting. */
  readonly previous?: Limiter
}

/** Rate limits. */
export interface Limiter {
  /**
   * Counts the request, once, and says whether it is too many: 429 with Retry-After. A refused request is counted
   * by no limit. Allocates nothing while requests pass, and is a promise, which never rejects, only where Redis is asked.
   */
  decide(view: RequestView, route: string): Refusal | undefined | Promise<Refusal | undefined>
  /** One line a limit that counts the request, with what is left; counts nothing. */
  explain(view: RequestView, route: string): string[]
}

/** Routes whose limits are remembered; configurations have far fewer. */
const MAX_ROUTES = 4096
const NO_LIMITS: readonly Limit[] = []

export interface Limit {
  readonly name: string
  readonly rate: string
  readonly burst: number
  readonly intervalMs: number
  readonly windowSeconds: number
  readonly enforce: boolean
  readonly style: HeaderStyle
  readonly key: CallerKey
  readonly buckets: Buckets
  readonly refused: Counter
  readonly counts: (route: string) => boolean
  /** What must be the same for the buckets to be kept. */
  readonly print: string
}

export class LocalLimiter implements Limiter {
  readonly limits: readonly Limit[]
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #byRoute = new Map<string, readonly Limit[]>()
  /** The slot of each limit of the request at hand. */
  readonly #slots: Int32Array

  constructor(configs: readonly LimitConfig[], { clock, metrics, previous }: LimiterParts) {
    this.#clock = clock
    this.#slots = new Int32Array(configs.length)
    const refusals = metrics.counter(
      'limit_refusals_total',
      'Requests that exceeded a rate limit; with enforce: false they passed.',
      ['limit'],
    )
    const evictions = metrics.counter(
      'limit_keys_evicted_total',
      'Callers that a rate limit forgot, for want of room, before they had made up for their requests.',
      ['limit'],
    )
    const kept = previous instanceof LocalLimiter ? previous.limits : NO_LIMITS
    this.limits = configs.map(config => {
      const evicted = evictions.with(config.name)
      return makeLimit(config, refusals.with(config.name), () => evicted.inc(), kept)
    })
  }

  decide(view: RequestView, route: string): Refusal | undefined {
    const limits = this.of(route)
    if (limits.length === 0) return undefined
    const nowMs = this.#clock.monotonic()
    for (let at = 0; at < limits.length; at++) {
      const limit = limits[at]!
      const slot = limit.buckets.slot(limit.key(view, route), nowMs)
      this.#slots[at] = slot
      if (limit.buckets.waitMs(slot, nowMs) === 0) continue
      limit.refused.inc()
      if (limit.enforce) return refusedBy(limit, slot, nowMs)
      this.#slots[at] = -1
    }
    for (let at = 0; at < limits.length; at++) {
      const slot = this.#slots[at]!
      if (slot !== -1) limits[at]!.buckets.take(slot, nowMs)
    }
    return undefined
  }

  explain(view: RequestView, route: string): string[] {
    const nowMs = this.#clock.monotonic()
    return this.of(route).map(limit => {
      const { name, rate, buckets, burst } = limit
      const known = buckets.find(limit.key(view, route))
      const remaining = known === undefined ? burst : buckets.remaining(known, nowMs)
      const mode = limit.enforce ? '' : ', not enforced'
      return `limit "${name}" (${rate}, burst ${burst}${mode}): ${remaining} left`
    })
  }

  /** Those that count requests of the route. */
  of(route: string): readonly Limit[] {
    const known = this.#byRoute.get(route)
    if (known !== undefined) return known
    const limits = this.limits.filter(limit => limit.counts(route))
    if (this.#byRoute.size >= MAX_ROUTES) this.#byRoute.clear()
    this.#byRoute.set(route, limits.length === 0 ? NO_LIMITS : limits)
    return limits
  }
}

function makeLimit(
  config: LimitConfig,
  refused: Counter,
  evicted: () => void,
  kept: readonly Limit[],
): Limit {
  const { name, routes, enforce, headers: style } = config
  const { count, windowMs } = parseRate(config.rate)
  const burst = config.burst ?? count
  const intervalMs = windowMs / count
  const print = JSON.stringify([name, config.rate, burst, config.per, config.header, config.maxKeys])
  const buckets =
    kept.find(each => each.print === print)?.buckets ??
    new Buckets(intervalMs, burst, config.maxKeys, evicted)
  const patterns = routes?.map(textGlob)
  return {
    ...{ name, rate: config.rate, burst, intervalMs, enforce, style, buckets, refused, print },
    windowSeconds: Math.max(1, Math.ceil((intervalMs * burst) / 1000)),
    key: callerKey(config),
    counts: route => patterns === undefined || anyMatches(patterns, route),
  }
}

function refusedBy(limit: Limit, slot: number, nowMs: number): Refusal {
  const { buckets } = limit
  return tooMany(limit, {
    remaining: buckets.remaining(slot, nowMs),
    waitMs: buckets.waitMs(slot, nowMs),
    resetMs: buckets.resetMs(slot, nowMs),
  })
}

/** The answer to a request that a limit refuses. */
export function tooMany(
  { name, rate, burst, windowSeconds, style }: Limit,
  { remaining, waitMs, resetMs }: { remaining: number; waitMs: number; resetMs: number },
): Refusal {
  const quota: Quota = {
    ...{ limit: name, burst, windowSeconds, remaining },
    resetSeconds: Math.ceil(resetMs / 1000),
  }
  const retrySeconds = Math.max(1, Math.ceil(waitMs / 1000))
  return refusal('rate_limited', `limit "${name}" allows ${rate}`, [
    ...['Retry-After', String(retrySeconds)],
    ...rateLimitHeaders(style, quota),
  ])
}
