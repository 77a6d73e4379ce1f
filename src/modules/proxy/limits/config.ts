import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { RATE } from './rate.ts'

export const limitConfig = s.object(
  {
    name: s.string({
      about: 'Stands in metrics, in the log and in the RateLimit headers.',
      pattern: /^[A-Za-z0-9._-]{1,64}$/,
      expected: 'a name of letters, digits, ".", "_" and "-"',
      example: 'per-client',
    }),
    rate: s.string({
      about:
        'How many requests may pass in how much time, on and on: a number, `/`, and a time such as s, 10s, m, h.',
      pattern: RATE,
      expected: 'a rate such as 100/s, 5/10s or 1000/h',
      example: '100/s',
    }),
    burst: s.integer({
      about: 'How many requests may come at once after a pause. By default as many as the number of `rate`.',
      optional: true,
      min: 1,
      max: 1_000_000_000,
    }),
    per: s.choice(['all', 'route', 'address', 'identity', 'header'], {
      about:
        'Who shares the rate: `all` requests together, those of one `route`, of one peer `address` (of IPv6 its /64 network), of one peer `identity`, or with one value of `header`. Requests without identity or header share one rate.',
      default: 'all',
    }),
    header: s.string({
      about: 'The header that `per: header` counts by.',
      optional: true,
      example: 'x-api-key',
    }),
    routes: s.list(s.string({ about: 'The name of a route; `*` stands for any text.' }), {
      about: 'Only requests of these routes count. Without it all do.',
      optional: true,
      example: ['HTTPRoute/shop/checkout/*'],
    }),
    maxKeys: s.integer({
      about:
        'How many addresses, identities or values are remembered. Above it the one that was away longest is forgotten, and the metric `outrigger_proxy_limit_keys_evicted_total` tells when that let somebody off.',
      default: 10_000,
      min: 1,
      max: 10_000_000,
    }),
    shared: s.boolean({
      about:
        'Counted by all sidecars together, in the Redis of `proxy.sharedLimits`. Asked after the limits that the sidecar counts itself.',
      default: false,
    }),
    enforce: s.boolean({ about: 'false only counts what would be refused.', default: true }),
    headers: s.choice(['all', 'fields', 'structured', 'none'], {
      about:
        'What an answer 429 says besides Retry-After: `fields` are RateLimit-Limit, RateLimit-Remaining and RateLimit-Reset, which most clients know; `structured` are RateLimit and RateLimit-Policy of the IETF draft (version 10).',
      default: 'all',
    }),
  },
  { about: 'A rate that requests must keep, counted by this sidecar alone unless it is `shared`.' },
)

export const limitsConfig = s.list(limitConfig, {
  about:
    'Rates that requests must keep. One that exceeds any of them gets 429 and uses up none of the others.',
  default: [],
})

export type LimitConfig = Infer<typeof limitConfig>

/** What the schema cannot say. `path` leads to the list. */
export function checkLimits(limits: readonly LimitConfig[], path: readonly (string | number)[]): Problem[] {
  const names = new Set<string>()
  return limits.flatMap((limit, at) => {
    const problems: Problem[] = []
    const say = (option: string, message: string, hint: string) =>
      problems.push({ path: [...path, at, option], message, hint })
    if (names.has(limit.name))
      say('name', `two limits are called "${limit.name}"`, 'metrics would mix them: give one another name')
    names.add(limit.name)
    if (limit.per === 'header' && limit.header === undefined)
      say('per', '"per: header" needs the name of the header', 'add header: x-api-key')
    if (limit.per !== 'header' && limit.header !== undefined)
      say('header', `"header" has no meaning with "per: ${limit.per}"`, 'write per: header, or remove it')
    return problems
  })
}
